/** One row of a benchmark: names say the unit last (`cpuPerCallUs`, `callsPerSecond`). */
export type Figure = Readonly<Record<string, string | number>>;

export interface Budget {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly holds: boolean;
}

export interface BenchResult {
  readonly figures: readonly Figure[];
  readonly budgets: readonly Budget[];
}

export type Bench = (progress: (line: string) => void) => Promise<BenchResult>;

export function atMost(name: string, value: number, limit: number): Budget {
  return { name, value, limit, holds: value <= limit };
}

export function atLeast(name: string, value: number, limit: number): Budget {
  return { name, value, limit, holds: value >= limit };
}
