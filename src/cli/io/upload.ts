/** Uploads: files of this host, streamed, with their SHA-256 and a bar on a terminal. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import type { Answer } from '../answer.ts';
import { formatBytes } from '../byte-size.ts';
import { exitCodes, Failure } from '../failure.ts';
import { tarEnd, tarHeader, tarPadding, type Upload } from '../upload.ts';
import { bearer, parse, refusal, unreachable, userName } from './api.ts';
import type { Connection } from './connection.ts';

/** A server that takes nothing for so long is gone, or its disk is. */
const silenceMs = 120_000;

type Body = { readonly sizeBytes: number; readonly chunks: () => AsyncIterable<Uint8Array> };

/** To the first server of the connection: it passes on what it has to the others itself. */
export async function upload(connection: Connection, wanted: Upload): Promise<Answer> {
  const { token, tls } = connection;
  const [server = ''] = connection.servers;
  const body = await bodyOf(wanted);
  const hash = createHash('sha256');
  for await (const chunk of body.chunks()) hash.update(chunk);
  const digest = hash.digest('base64');
  const headers = {
    ...wanted.headers,
    ...bearer(token),
    'content-length': String(body.sizeBytes),
    'content-digest': `sha-256=:${digest}:`,
    'x-sabakan-user': userName(),
  };
  const url = new URL(wanted.path, server);
  const { request } = url.protocol === 'https:' ? await import('node:https') : http;
  const asked = request(url, { method: 'PUT', agent: false, ...tls, headers, timeout: silenceMs });
  asked.on('timeout', () => asked.destroy(new Error(`nothing moved for ${silenceMs / 1000}s`)));
  let answer: IncomingMessage;
  try {
    const answered = answerOf(asked);
    await Promise.race([answered, sent(asked, body, wanted.label)]);
    answer = await answered;
  } catch (problem) {
    throw problem instanceof Failure ? problem : unreachable(server, problem);
  }
  let text = '';
  for await (const piece of answer.setEncoding('utf8')) text += piece;
  const status = answer.statusCode ?? 0;
  // The body that nobody wants to read any more holds no process up.
  asked.destroy();
  if (status >= 300) throw refusal(server, status, parse(text), text);
  return { status, body: parse(text) };
}

function answerOf(asked: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
  });
}

async function sent(asked: ClientRequest, body: Body, label: string): Promise<void> {
  const bar = bytesBar(label, body.sizeBytes);
  let isAnswered = false;
  asked.on('response', () => {
    isAnswered = true;
  });
  try {
    for await (const chunk of body.chunks()) {
      if (asked.destroyed || isAnswered) break;
      bar.add(chunk.length);
      if (!asked.write(chunk)) await drained(asked);
    }
    asked.end();
  } finally {
    bar.done();
  }
}

/** Also when the connection is gone, or the answer is there and nobody reads any more. */
function drained(asked: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'response'] as const;
    const done = () => {
      for (const event of events) asked.off(event, done);
      resolve();
    };
    for (const event of events) asked.on(event, done);
  });
}

async function bodyOf({ body }: Upload): Promise<Body> {
  if (body.kind === 'file') {
    const sizeBytes = await sizeOf(body.file);
    return { sizeBytes, chunks: () => createReadStream(body.file) };
  }
  const members = await Promise.all(
    body.members.map(async ([name, file]) => ({
      name,
      file,
      size: await filledSizeOf(file, name),
    })),
  );
  const chunks = async function* (): AsyncIterable<Uint8Array> {
    for (const { name, file, size } of members) {
      yield tarHeader(name, size);
      yield* createReadStream(file);
      yield tarPadding(size);
    }
    yield tarEnd;
  };
  const sizes = members.map(({ size }) => 512 + size + tarPadding(size).length);
  return { sizeBytes: sizes.reduce((sum, size) => sum + size, tarEnd.length), chunks };
}

/** Servers store an empty kernel, as Sabakan's do; whoever uploads one means another file. */
async function filledSizeOf(file: string, name: string): Promise<number> {
  const size = await sizeOf(file);
  if (size > 0) return size;
  throw new Failure(
    `${file} is empty, so it is no ${name}: no machine boots it`,
    '',
    exitCodes.usage,
  );
}

async function sizeOf(file: string): Promise<number> {
  const facts = await stat(file).catch((problem: NodeJS.ErrnoException) => {
    const why = problem.code === 'ENOENT' ? 'there is no such file' : problem.message;
    throw new Failure(`${file}: ${why}`, '', exitCodes.usage);
  });
  if (facts.isFile()) return facts.size;
  throw new Failure(`${file} is no file`, '', exitCodes.usage);
}

/** On a terminal alone, on standard error. */
function bytesBar(label: string, total: number) {
  if (!process.stderr.isTTY) return { add: () => {}, done: () => {} };
  let sentBytes = 0;
  let shown = -1;
  return {
    add: (bytes: number): void => {
      sentBytes += bytes;
      const percent = total === 0 ? 100 : Math.floor((sentBytes / total) * 100);
      if (percent === shown) return;
      shown = percent;
      const bar = '#'.repeat(Math.floor(percent / 4)).padEnd(25, '.');
      const of = `${formatBytes(sentBytes)} of ${formatBytes(total)}`;
      process.stderr.write(`\r\u001B[K${label} [${bar}] ${percent}% ${of}`);
    },
    done: (): void => {
      process.stderr.write('\r\u001B[K');
    },
  };
}
