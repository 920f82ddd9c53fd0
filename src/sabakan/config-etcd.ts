/** The member `etcd`: a cluster somewhere, or one member of our own. */

import type { Section } from './config-reader.ts';
import { normalizedUrl } from './config-text.ts';
import { absolutePath, duration } from './config-values.ts';

export type EtcdSettings = {
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly maxTxnOps: number;
  readonly maxRequestBytes: number;
} & (
  | { readonly kind: 'embedded'; readonly directory: string }
  | {
      readonly kind: 'external';
      readonly endpoints: readonly string[];
      readonly username: string;
      readonly password: string;
      /** Paths or PEM texts. */
      readonly tlsCa: PemSource | undefined;
      readonly tlsCert: PemSource | undefined;
      readonly tlsKey: PemSource | undefined;
    }
);

export type PemSource = { readonly file: string } | { readonly pem: string };

export function readEtcd(section: Section): EtcdSettings {
  const prefix = section.text('prefix', '/sabakan/');
  if (!prefix.endsWith('/'))
    section.mistake('prefix', `must end with a slash, such as "${prefix}/"`);
  const common = {
    prefix,
    timeoutMs: duration(section, 'timeout', 2000),
    maxTxnOps: section.integer('max-txn-ops', 128, [16, 100_000]),
    maxRequestBytes: section.integer('max-request-bytes', 1_572_864, [65_536, 67_108_864]),
  };
  const external = {
    kind: 'external',
    endpoints: section.texts('endpoints', ['http://127.0.0.1:2379']),
    username: section.text('username', ''),
    password: section.text('password', ''),
    tlsCa: pem(section, 'tls-ca'),
    tlsCert: pem(section, 'tls-cert'),
    tlsKey: pem(section, 'tls-key'),
  } as const;
  if (!section.has('embedded')) {
    for (const [at, url] of external.endpoints.entries()) {
      if (normalizedUrl(url, ['http', 'https']) === undefined) {
        section.mistake(
          `endpoints/${at}`,
          `must be a URL such as http://127.0.0.1:2379, not "${url}"`,
        );
      }
    }
    const schemes = new Set(external.endpoints.map((url) => url.split(':')[0]));
    if (schemes.size > 1) section.mistake('endpoints', 'must be all http or all https');
    if ((external.tlsCert === undefined) !== (external.tlsKey === undefined)) {
      section.mistake('tls-cert', 'a client certificate and its key go together');
    }
    if (external.tlsCa !== undefined && schemes.has('http')) {
      section.mistake(
        'endpoints',
        'are http while TLS is configured: use https or leave the tls members out',
      );
    }
    section.refuseOthers();
    return { ...common, ...external };
  }
  for (const name of ['endpoints', 'username', 'password']) {
    if (section.has(name))
      section.mistake(name, 'contradicts embedded: etcd is either embedded or external');
  }
  const embedded = section.section('embedded');
  const directory = absolutePath(embedded, 'data-dir', '/var/lib/tetsukan/etcd');
  embedded.refuseOthers();
  section.refuseOthers();
  return { ...common, kind: 'embedded', directory };
}

function pem(section: Section, name: string): PemSource | undefined {
  const file = section.optionalText(`${name}-file`);
  const text = section.optionalText(name);
  if (file !== undefined && text !== undefined) {
    section.mistake(name, `contradicts ${name}-file: give the file or the text, not both`);
  }
  if (file !== undefined) return { file };
  return text === undefined ? undefined : { pem: text };
}
