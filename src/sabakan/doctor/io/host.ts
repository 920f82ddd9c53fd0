/** The doctor's eyes on a real host, for a configuration. */

import { join } from 'node:path';
import type { EtcdFacts } from '../../../base/etcd-facts.ts';
import type { Endpoint, HttpClient } from '../../../base/world.ts';
import type { Config } from '../../config.ts';
import type { HostLook } from '../host.ts';
import {
  fileBytes,
  type LibcFunction,
  lookAtCertificate,
  lookAtClock,
  lookAtDisk,
  lookAtInterfaces,
  lookAtPorts,
  portRights,
  resolved,
  type WantedPort,
} from './host-look.ts';

const askWithinMs = 3_000;

export type EtcdLook = {
  readonly look: () => Promise<EtcdFacts>;
  /** Operations of one transaction, as configured. */
  readonly maxTxnOps: number;
};

export type Running = {
  readonly pid: number;
  /** What is listened on, by member of the configuration. */
  readonly listeners: () => ReadonlyMap<string, Endpoint>;
  readonly http: HttpClient;
};

/**
 * @param etcd undefined: it runs only as a child of a server.
 * @param running the server that looks at itself; undefined: there is none, and ports are tried.
 */
export function hostLook(
  config: Config,
  etcd: EtcdLook | undefined,
  running: Running | undefined,
  libcFunction: LibcFunction,
): HostLook {
  return {
    etcd: etcd?.look,
    maxTxnOps: etcd?.maxTxnOps ?? config.etcd.maxTxnOps,
    ports: () => lookAtPorts(portsOf(config, running), running === undefined),
    portRights,
    ownPid: running?.pid,
    dhcp: config.dhcp,
    interfaces: lookAtInterfaces,
    urls: () => Promise.all(urlsOf(config).map((url) => urlFacts(url, running?.http))),
    disk: () => lookAtDisk(config.dataDir),
    fileBytes: (path) => fileBytes(join(config.dataDir, path)),
    certificates: () => certificates(config),
    clock: () => lookAtClock(libcFunction),
    advertiseUrl: config.advertiseUrl,
  };
}

function portsOf(config: Config, running: Running | undefined): readonly WantedPort[] {
  const open = running?.listeners();
  const wanted: WantedPort[] = [];
  for (const member of ['http', 'https', 'metrics'] as const) {
    const at = open === undefined ? config[member] : open.get(member);
    if (at !== undefined) wanted.push({ member, protocol: 'tcp', at });
  }
  if (config.dhcp.enabled) {
    wanted.push({ member: 'dhcp-bind', protocol: 'udp', at: config.dhcp.bind });
  }
  if (config.tftp.enabled) {
    wanted.push({ member: 'tftp.listen', protocol: 'udp', at: config.tftp.listen });
  }
  if (config.apiHttps !== undefined) {
    const at = open === undefined ? config.apiHttps.listen : open.get('api-https');
    if (at !== undefined) wanted.push({ member: 'api-https', protocol: 'tcp', at });
  }
  // Port 0 is whatever the system gives.
  return wanted.filter(({ at }) => at.port !== 0);
}

function urlsOf(config: Config) {
  return [
    { member: 'advertise-url', url: config.advertiseUrl },
    { member: 'advertise-url-https', url: config.advertiseUrlHttps },
  ];
}

async function urlFacts({ member, url }: { member: string; url: string }, http?: HttpClient) {
  const addresses = await resolved(new URL(url).hostname);
  // Machines check the certificate of the other one with a CA that we do not know.
  if (http === undefined || !url.startsWith('http:')) return { member, url, addresses };
  const answer = await http.request({
    method: 'GET',
    url: `${url}/version`,
    timeoutMs: askWithinMs,
    bodyBytesMax: 64 * 1024,
  });
  const asked = answer.ok
    ? // With `auth: required` it may be a refusal, which is an answer all the same.
      { ok: answer.value.status < 500, text: `answers ${answer.value.status}` }
    : { ok: false, text: answer.error.text };
  return { member, url, addresses, asked };
}

function certificates({ tls, apiHttps, etcd }: Config) {
  const sources = [
    ...(tls.configured ? [['server-cert', { file: tls.cert }] as const] : []),
    ...(apiHttps === undefined
      ? []
      : [
          ['api-https.cert', { file: apiHttps.files.cert }] as const,
          ['api-https.client-ca', fileOf(apiHttps.files.clientCa)] as const,
        ]),
    ...(etcd.kind === 'external'
      ? ([
          ['etcd.tls-ca', etcd.tlsCa],
          ['etcd.tls-cert', etcd.tlsCert],
        ] as const)
      : []),
  ];
  return Promise.all(
    sources.flatMap(([member, source]) =>
      source === undefined ? [] : [lookAtCertificate(member, source)],
    ),
  );
}

function fileOf(file: string | undefined): { readonly file: string } | undefined {
  return file === undefined ? undefined : { file };
}
