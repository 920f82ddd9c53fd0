/** What must be true, or we stop: a broken promise of ours is a bug, never an answer to a client. */

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}

/** For the `default` of a switch over a union: the compiler proves it is never reached. */
export function unreachable(value: never): never {
  throw new Error(`broken invariant: a case nobody thought of: ${JSON.stringify(value)}`);
}
