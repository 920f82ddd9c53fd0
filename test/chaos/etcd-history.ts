/** All that happened in etcd, from its own watch over its JSON gateway: no code of ours between. */

import { request as httpRequest } from 'node:http';
import type { KeyEvent } from './history.ts';

type WatchAnswer = {
  readonly result?: {
    readonly header: { readonly revision: string };
    readonly created?: boolean;
    readonly canceled?: boolean;
    readonly cancel_reason?: string;
    readonly events?: readonly {
      readonly type?: 'PUT' | 'DELETE';
      readonly kv: { readonly key: string; readonly value?: string; readonly mod_revision: string };
    }[];
  };
};

const readWithinMs = 300_000;

/** Every change of keys under `prefix` from the first revision to `last`, without the prefix. */
export function readHistory(
  endpoint: string,
  prefix: string,
  last: number,
): Promise<readonly KeyEvent[]> {
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const events: KeyEvent[] = [];
  return new Promise((resolve, reject) => {
    const watch = httpRequest(`${endpoint}/v3/watch`, { method: 'POST' }, (answer) => {
      let rest = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) take(JSON.parse(line) as WatchAnswer);
      });
      answer.on('end', () => reject(new Error('etcd ended its history early')));
    });
    const limit = setTimeout(
      () => fail(`etcd's history did not come within ${readWithinMs} ms: ${events.length} changes`),
      readWithinMs,
    );
    const over = () => {
      clearTimeout(limit);
      watch.destroy();
    };
    const fail = (text: string) => {
      over();
      reject(new Error(text));
    };
    const take = ({ result }: WatchAnswer) => {
      if (result?.canceled) fail(`etcd cancelled: ${result.cancel_reason}`);
      for (const { type, kv } of result?.events ?? []) {
        events.push({
          revision: Number(kv.mod_revision),
          key: text64(kv.key).slice(prefix.length),
          value: type === 'DELETE' ? undefined : text64(kv.value ?? ''),
        });
      }
      // The key that marks the end lies under the prefix, too.
      if ((events.at(-1)?.revision ?? 0) < last) return;
      over();
      resolve(events);
    };
    watch.on('error', reject);
    const create = { key: base64(prefix), range_end: base64(end), start_revision: 1 };
    watch.end(JSON.stringify({ create_request: create }));
  });
}

/** A last change of our own, so that the end of the history can be seen. */
export async function markEnd(endpoint: string, prefix: string): Promise<number> {
  const answer = await fetch(`${endpoint}/v3/kv/put`, {
    method: 'POST',
    body: JSON.stringify({ key: base64(`${prefix}tetsukan/chaos-end`), value: base64('end') }),
    signal: AbortSignal.timeout(10_000),
  });
  const { header } = (await answer.json()) as { header?: { revision: string } };
  if (header === undefined) throw new Error(`etcd ${endpoint} did not take the mark`);
  return Number(header.revision);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function text64(text: string): string {
  return Buffer.from(text, 'base64').toString();
}
