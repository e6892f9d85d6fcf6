/** One thing that the doctor looked at. */
export interface Finding {
  readonly area: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly message: string;
  /** What to do; for a warning what one may do. */
  readonly advice?: string | undefined;
}

export type Found = (finding: Finding) => void;
