/** Called once for each case; `failure` says what differed, in one line. */
export type Report = (caseName: string, failure?: string) => void;
export type Suite = (path: string, report: Report) => Promise<void>;
