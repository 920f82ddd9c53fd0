/** Records put straight into etcd, as by an operator's hand: over its JSON gateway, with no code of ours between. */

export type EtcdHand = {
  /** `undefined`: delete it. */
  readonly put: (key: string, value: string | Uint8Array | undefined) => Promise<void>;
  readonly get: (key: string) => Promise<string | undefined>;
  /** What is under a prefix, each with the revision of its last change. */
  readonly list: (
    under: string,
  ) => Promise<readonly { readonly value: string; readonly revision: string }[]>;
};

/** @param prefix goes before every key. */
export function etcdHand(endpoint: string, prefix = '/sabakan/'): EtcdHand {
  const call = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${endpoint}/v3/kv/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`etcd refused ${path}: ${text}`);
    return JSON.parse(text);
  };
  const range = async (body: object) => {
    const { kvs = [] } = (await call('range', body)) as {
      readonly kvs?: readonly { readonly value?: string; readonly mod_revision: string }[];
    };
    return kvs.map(({ value = '', mod_revision }) => ({
      value: Buffer.from(value, 'base64').toString(),
      revision: mod_revision,
    }));
  };
  const keyOf = (key: string) => Buffer.from(prefix + key).toString('base64');
  return {
    put: async (key, value) => {
      if (value === undefined) await call('deleterange', { key: keyOf(key) });
      else await call('put', { key: keyOf(key), value: Buffer.from(value).toString('base64') });
    },
    get: async (key) => {
      const [kv] = await range({ key: keyOf(key) });
      return kv?.value;
    },
    list: (under) => range({ key: keyOf(under), range_end: keyOf(`${under}\uffff`) }),
  };
}
