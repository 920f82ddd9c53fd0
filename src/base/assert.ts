/** What must be true, or we stop: a broken promise of ours is a bug, never an answer to a client. */

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}
