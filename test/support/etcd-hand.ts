/** Records put straight into etcd, as by an operator's hand: over its JSON gateway, with no code of ours between. */

export type EtcdHand = {
  /** `undefined`: delete it. */
  readonly put: (key: string, value: string | Uint8Array | undefined) => Promise<void>;
  readonly get: (key: string) => Promise<string | undefined>;
};

/** @param prefix goes before every key. */
export function etcdHand(endpoint: string, prefix = '/sabakan/'): EtcdHand {
  const call = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/v3/kv/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`etcd refused ${path}: ${text}`);
    return JSON.parse(text);
  };
  const keyOf = (key: string) => Buffer.from(prefix + key).toString('base64');
  return {
    put: async (key, value) => {
      if (value === undefined) await call('deleterange', { key: keyOf(key) });
      else await call('put', { key: keyOf(key), value: Buffer.from(value).toString('base64') });
    },
    get: async (key) => {
      const { kvs } = (await call('range', { key: keyOf(key) })) as {
        readonly kvs?: readonly { readonly value?: string }[];
      };
      const [kv] = kvs ?? [];
      return kv && Buffer.from(kv.value ?? '', 'base64').toString();
    },
  };
}
