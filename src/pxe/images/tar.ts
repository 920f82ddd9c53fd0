/** Reads the tar files in which boot images travel: two members (POSIX ustar; pax and GNU headers are understood too). */

import { type Extract, extract } from 'tar-stream';
import { fail, ok, type Result } from '../../base/result.ts';
import { type ImageFileName, imageFileNames, type StageProblem } from './shelf.ts';

/** Takes one member's content; `write` resolves when more may come. */
export type MemberSink = {
  readonly write: (chunk: Uint8Array) => Promise<void>;
  readonly end: () => Promise<void>;
};

/** A pax header is collected in memory; nothing we take needs one of this size. */
const headerBytesMax = 4 * 1024 * 1024;

type TarProblem = Exclude<StageProblem, { kind: 'shelf-failed' }>;

type Feed = { waiting: number; first: Uint8Array | undefined };

/** Reads both members into their sinks. Errors of a sink are thrown, all others are values. */
export async function readImageTar(
  source: AsyncIterable<Uint8Array>,
  bytesMax: number,
  sinkFor: (name: ImageFileName) => Promise<MemberSink>,
): Promise<Result<void, TarProblem>> {
  const members = extract();
  const seen = new Set<string>();
  const feed: Feed = { waiting: 0, first: undefined };
  let left = bytesMax;
  let inSink = false;
  void pour(source, members, feed);
  try {
    for await (const member of members) {
      feed.waiting = 0;
      const { name, type, size = 0 } = member.header;
      const known = imageFileNames.find((fileName) => fileName === name);
      const wrong = whyWrong(name, type ?? 'file', known, seen);
      if (known === undefined || wrong !== undefined) {
        return fail({ kind: 'image-invalid', text: wrong ?? name });
      }
      left -= size;
      if (left < 0) {
        return fail({ kind: 'image-too-large', text: `the image is over ${bytesMax} bytes` });
      }
      seen.add(name);
      inSink = true;
      const sink = await sinkFor(known);
      for await (const chunk of member as AsyncIterable<Uint8Array>) {
        feed.waiting = 0;
        await sink.write(chunk);
      }
      await sink.end();
      inSink = false;
    }
  } catch (problem) {
    const text = problem instanceof Error ? problem.message : String(problem);
    // tar-stream and the source fail through the same loop as a sink does; only a sink's own error has a code.
    if (inSink && problem instanceof Error && 'syscall' in problem) throw problem;
    const why = isGzip(feed.first) ? 'it is compressed (gzip); send it uncompressed' : text;
    return fail({ kind: 'upload-broken', text: `the tar cannot be read: ${why}` });
  } finally {
    members.destroy();
  }
  const missing = imageFileNames.filter((name) => !seen.has(name));
  return missing.length === 0
    ? ok(undefined)
    : fail({ kind: 'image-invalid', text: `the tar has no ${missing.join(' and no ')}` });
}

/** RFC 1952 section 2.3.1. */
function isGzip(first: Uint8Array | undefined): boolean {
  return first?.[0] === 0x1f && first[1] === 0x8b;
}

function whyWrong(
  name: string,
  type: string,
  known: ImageFileName | undefined,
  seen: ReadonlySet<string>,
): string | undefined {
  if (known === undefined) {
    return `the tar holds ${JSON.stringify(name.slice(0, 100))}; it must hold exactly ${imageFileNames.join(' and ')}`;
  }
  if (type !== 'file') return `${name} is a ${type}, not a plain file`;
  return seen.has(name) ? `${name} is in the tar twice` : undefined;
}

/** The source's iterator is not ended on problems: that would close an HTTP request before it has its answer. */
async function pour(source: AsyncIterable<Uint8Array>, into: Extract, feed: Feed): Promise<void> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await chunks.next();
      if (into.destroyed) return;
      if (next.done === true) break;
      feed.first ??= next.value;
      feed.waiting += next.value.length;
      if (feed.waiting > headerBytesMax + next.value.length)
        throw new Error('a header is too long');
      if (!into.write(next.value)) await flowing(into);
    }
    into.end(() => {});
  } catch (problem) {
    into.destroy(problem instanceof Error ? problem : new Error(String(problem)));
  }
}

function flowing(stream: Extract): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
