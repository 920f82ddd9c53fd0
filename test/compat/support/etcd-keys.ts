/** What lies in etcd, read and written past the server, through etcd's JSON gateway. */

export type EtcdKeys = {
  /** Undefined when there is no such key. */
  readonly get: (key: string) => Promise<string | undefined>;
  /** Keys under a prefix, ascending. */
  readonly keys: (prefix: string) => Promise<readonly string[]>;
  readonly put: (key: string, value: string | object) => Promise<void>;
  /** The store's. */
  readonly revision: () => Promise<string>;
};

/** @param prefix stands before every key; `/sabakan/`. */
export function etcdKeys(endpoint: string, prefix = '/sabakan/'): EtcdKeys {
  const name = (key: string): string => base64(prefix + key);
  const call = async (path: string, body: object) => {
    const answer = await fetch(`${endpoint}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
    return (await answer.json()) as {
      readonly header: { readonly revision: string };
      readonly kvs?: readonly Record<string, string>[];
    };
  };
  return {
    get: async (key) => {
      const [found] = (await call('kv/range', { key: name(key) })).kvs ?? [];
      return found === undefined ? undefined : plain(found['value'] ?? '');
    },
    keys: async (under) => {
      const range_end = base64(`${prefix}${under}\uffff`);
      const { kvs = [] } = await call('kv/range', { key: name(under), range_end, keys_only: true });
      return kvs.map((entry) => plain(entry['key'] ?? '').slice(prefix.length));
    },
    put: async (key, value) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      await call('kv/put', { key: name(key), value: base64(text) });
    },
    revision: async () => (await call('kv/range', { key: name('') })).header.revision,
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plain = (text: string): string => Buffer.from(text, 'base64').toString();
