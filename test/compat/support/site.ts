/** One running `tetsu server` with its clients, on an etcd of the test. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ipamConfigToJson } from '../../../src/inventory/ipam-config.ts';
import type { TestEtcd } from '../../support/etcd.ts';
import { ipamG } from '../../support/machines.ts';
import { freePorts } from '../../support/ports.ts';
import { startTetsuServer, type TetsuServer } from '../../support/tetsu.ts';
import { selfSign } from '../../support/tls.ts';
import { type Answer, type Client, clientOf, type How } from './client.ts';
import { type EtcdKeys, etcdKeys } from './etcd-keys.ts';

export type Site = {
  readonly server: TetsuServer;
  /** On the plain listener. */
  readonly ask: Client;
  /** On the listener for disk keys. */
  readonly askTls: Client;
  /** Asks and insists on success. */
  readonly must: Client;
  readonly tlsUrl: string;
  readonly keys: EtcdKeys;
  readonly stop: () => Promise<void>;
};

type SiteOptions = {
  readonly name?: string;
  /** Servers of one prefix share their data; default `/sabakan/`. */
  readonly prefix?: string;
  /** More members of its configuration, as lines of YAML. */
  readonly more?: string;
  readonly advertiseUrl?: string;
  readonly dhcpBind?: string;
  readonly etcdMore?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What is set at once; default: the golden configuration G. */
  readonly ipam?: object | 'unset';
};

/** Appendix A's configuration G. */
export const configG = ipamConfigToJson(ipamG);

export async function startSite(etcd: TestEtcd, options: SiteOptions = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'tetsukan-compat-'));
  const [cert, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  const [[port = 0]] = await Promise.all([freePorts(1), selfSign(cert, key)]);
  const { prefix = '/sabakan/', etcdMore = '', more = '', ipam = configG, ...rest } = options;
  const server = await startTetsuServer({
    ...rest,
    etcd: etcd.endpoints,
    etcdMore: `  prefix: ${prefix}\n${etcdMore}`,
    more: `https: 127.0.0.1:${port}\nserver-cert: ${cert}\nserver-key: ${key}\n${more}`,
  });
  const ask = clientOf(server.url);
  const must = insisting(ask);
  const tlsUrl = `https://127.0.0.1:${port}`;
  if (ipam !== 'unset') await must('PUT /api/v1/config/ipam', { body: ipam });
  return {
    ...{ server, ask, must, tlsUrl, askTls: clientOf(tlsUrl) },
    keys: etcdKeys(etcd.endpoints[0] ?? '', prefix),
    stop: async () => {
      server.signal('SIGKILL');
      await server.ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function insisting(ask: Client): Client {
  return async (what: string, how?: How): Promise<Answer> => {
    const answer = await ask(what, how);
    if (answer.status < 200 || answer.status >= 300) {
      throw new Error(`${what}: ${answer.status} ${answer.text}`);
    }
    return answer;
  };
}

/** As an operator's file has it. */
export function aSpec(
  serial: string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return { serial, role: 'worker', rack: 0, bmc: { type: 'iDRAC-9' }, ...more };
}
