/** How the parts of the configuration tell what is wrong. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Something wrong, and where: a path of keys. `isKey` when the last key itself is wrong. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly isKey?: boolean;
}

export type Report = (path: readonly PropertyKey[], message: string) => void;

/** What a part is read with. */
export interface Around {
  readonly env: Environment;
  /** What relative paths are relative to. */
  readonly folder: string;
  readonly report: Report;
}
