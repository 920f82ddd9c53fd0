/** Changes as commits: as many as one transaction takes, none of them torn. */

import type { RecordChange, RecordWrite } from '../takeover.ts';

/** etcd takes requests of 1.5 MiB; keys and conditions need some of it. */
const bytesMax = 1024 * 1024;

/**
 * Lists of writes in the given order. A change that is larger than a batch is one of its own: whether the store takes
 * it, the store says.
 *
 * @param writesMax writes of one batch.
 */
export function batchesOf(
  changes: readonly RecordChange[],
  writesMax: number,
): readonly (readonly RecordWrite[])[] {
  const batches: RecordWrite[][] = [];
  let current: RecordWrite[] = [];
  let bytes = 0;
  for (const { writes } of changes) {
    const size = writes.reduce((sum, write) => sum + sizeOf(write), 0);
    const isFull = current.length + writes.length > writesMax || bytes + size > bytesMax;
    if (isFull && current.length > 0) {
      batches.push(current);
      current = [];
      bytes = 0;
    }
    current.push(...writes);
    bytes += size;
  }
  if (current.length > 0) batches.push(current);
  return batches;
}

function sizeOf(write: RecordWrite): number {
  return write.key.length + (write.kind === 'put' ? write.value.length : 0);
}
