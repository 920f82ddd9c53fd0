/** Work that takes longer than a request, as it is stored: what is to be done, how far it is, and how it ended. */

import { fail, ok, type Result } from '../../base/result.ts';

export const workStates = ['running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const;
export type WorkState = (typeof workStates)[number];

export type Work = {
  readonly id: string;
  /** Id of the operation that began it: `bulkMachines`. */
  readonly kind: string;
  readonly by: string;
  /** Which server does it. */
  readonly server: string;
  readonly startedAt: string;
  /** Written again and again while it runs: whoever does it lives. */
  readonly updatedAt: string;
  readonly endedAt: string | null;
  /** `interrupted`: its server is gone; what is done is done. */
  readonly state: WorkState;
  readonly isCancelAsked: boolean;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string };
  /** What the request would have been answered, with no more than the failures item by item. */
  readonly result: unknown;
};

export const worksPrefix = 'tetsukan/operations/';

export function workKey(id: string): string {
  return `${worksPrefix}${id}`;
}

export function encodeWork(work: Work): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(work));
}

export function decodeWork(bytes: Uint8Array): Result<Work, string> {
  try {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Work> | null;
    const isWork =
      typeof json?.id === 'string' &&
      workStates.some((state) => state === json.state) &&
      typeof json.progress?.total === 'number';
    return isWork ? ok(json as Work) : fail('it is no record of an operation');
  } catch {
    return fail('it is not JSON');
  }
}
