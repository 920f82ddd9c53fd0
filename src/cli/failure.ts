/** What a command ends with when it cannot do what was asked: a sentence, what to do next, and an exit code. */

/** Stable: scripts depend on them. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  denied: 5,
  timedOut: 7,
  /** `tetsu migrate`: etcd could not be reached, read or locked. 6 and 8 are for brakes and work done in part. */
  store: 9,
} as const;

export class Failure extends Error {
  readonly hint: string;
  readonly exitCode: number;
  constructor(text: string, hint: string, exitCode: number = exitCodes.failed) {
    super(text);
    this.hint = hint;
    this.exitCode = exitCode;
  }
}
