/** A blob from other servers as one stream: where one of them breaks off, the next goes on from there. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { PeerAnswer, PeerDownload } from './spreadable.ts';

export type PeerSource = {
  /** The whole blob from byte 0; throws when no server is left. Nothing is asked for before it is read. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The server that sent last, if any did. */
  readonly from: () => string | undefined;
  /** Cuts the connection that is open; the stream ends with an error. */
  readonly abort: () => void;
};

/** @param peers URLs in the order in which they are asked, each once. */
export function createPeerSource(deps: {
  readonly download: PeerDownload;
  readonly peers: readonly string[];
  readonly accepts: (headers: ReadonlyMap<string, string>) => string | undefined;
}): PeerSource {
  const { download, peers, accepts } = deps;
  let from: string | undefined;
  let current: PeerAnswer | undefined;
  let isAborted = false;

  const open = async (url: string, at: number): Promise<Result<PeerAnswer, string>> => {
    const opened = await download(url, at);
    if (!opened.ok) return opened;
    const answer = opened.value;
    const why = whyUnusable(answer, at) ?? accepts(answer.headers);
    if (why === undefined) return ok(answer);
    answer.close();
    return fail(why);
  };

  async function* chunks(): AsyncGenerator<Uint8Array> {
    const troubles: string[] = [];
    let at = 0;
    for (const url of peers) {
      if (isAborted) break;
      const opened = await open(url, at);
      if (!opened.ok) {
        troubles.push(`${url}: ${opened.error}`);
        continue;
      }
      const answer = opened.value;
      from = url;
      current = answer;
      try {
        for await (const chunk of without(answer.chunks, answer.status === 206 ? 0 : at)) {
          at += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        troubles.push(`${url}: broke off at byte ${at}: ${why}`);
      } finally {
        current = undefined;
        answer.close();
      }
    }
    if (isAborted) troubles.push('called off');
    throw new Error(troubles.length === 0 ? 'no other server offers it' : troubles.join('; '));
  }

  return {
    chunks: chunks(),
    from: () => from,
    abort: () => {
      isAborted = true;
      current?.close();
    },
  };
}

/** An error page is no blob, and a part that begins elsewhere is not the one we want. */
function whyUnusable({ status, headers }: PeerAnswer, at: number): string | undefined {
  if (status === 200) return undefined;
  if (status !== 206) return `HTTP ${status}`;
  const range = headers.get('content-range') ?? '';
  return range.startsWith(`bytes ${at}-`) ? undefined : `sent "${range}" instead of ${at}-`;
}

/** Without the first `count` bytes. */
async function* without(
  chunks: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const chunk of chunks) {
    const cut = Math.min(left, chunk.length);
    left -= cut;
    if (cut < chunk.length) yield cut === 0 ? chunk : chunk.subarray(cut);
  }
  if (left > 0) throw new Error(`it is ${left} bytes shorter than what came before`);
}
