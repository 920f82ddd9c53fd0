/** Which checks there are: of any host with a configuration, and of a server that runs. */

import type { Entry, Store } from '../../base/store.ts';
import { instant } from '../../base/time.ts';
import type { HttpClient, World } from '../../base/world.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { Machine } from '../../inventory/machine.ts';
import type { TakeoverPart } from '../../inventory/takeover.ts';
import { loaderNames } from '../../pxe/loaders.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import { checkBoot } from './boot-check.ts';
import { checkBoots } from './boots-check.ts';
import { checkCertificates } from './certificates-check.ts';
import { checkClocks, type PeerClock } from './clock-check.ts';
import { checkDhcp } from './dhcp-check.ts';
import { checkBlobs, checkDisk } from './disk-check.ts';
import { checkEtcd } from './etcd-check.ts';
import type { Check } from './examination.ts';
import { fine, type Look } from './finding.ts';
import type { HostLook } from './host.ts';
import { checkInterfaces, checkUrls } from './network-check.ts';
import { checkPorts } from './ports-check.ts';
import { checkOwnAddresses } from './records-check.ts';
import { checkService, type ServiceFacts } from './service-check.ts';
import { filesNamed, lookAtRecords, readRecords } from './store-look.ts';

const peerWithinMs = 3_000;
/** Servers of one fleet are a handful; URLs of images name them. */
const peersMax = 10;

/** What can be examined of a host by its configuration alone. */
export function hostChecks(
  host: HostLook,
  clock: Pick<World['clock'], 'now'>,
  ipam: () => Pick<IpamConfig, 'nodeIpv4Pool'> | undefined,
): readonly Check[] {
  const { etcd, maxTxnOps } = host;
  return [
    {
      name: 'etcd',
      look: async () => {
        if (etcd === undefined) {
          return [fine('etcd.embedded', 'runs as a child of the server, when that runs')];
        }
        const facts = await etcd();
        const shown = facts.members.flatMap(({ endpoint, certificateEndsMs: endsMs }) =>
          endsMs === undefined ? [] : [{ subject: `${endpoint} certificate`, endsMs }],
        );
        return [...checkEtcd(facts, maxTxnOps), ...checkCertificates(shown, clock.now())];
      },
    },
    {
      name: 'ports',
      look: async () => checkPorts(await host.ports(), await host.portRights(), host.ownPid),
    },
    {
      name: 'network',
      look: async () => {
        const [interfaces, urls] = await Promise.all([host.interfaces(), host.urls()]);
        const own = interfaces.flatMap(({ addresses }) => addresses);
        return [...checkInterfaces(interfaces, host.dhcp, ipam()), ...checkUrls(urls, own)];
      },
    },
    { name: 'disk', look: async () => checkDisk(await host.disk()) },
    {
      name: 'certificates',
      look: async () => checkCertificates(await host.certificates(), clock.now()),
    },
  ];
}

/** What the store holds, seen from a host: its records and the files they name. */
export function storeChecks(
  host: HostLook,
  store: Pick<Store, 'get' | 'list'>,
  parts: readonly TakeoverPart[],
): readonly Check[] {
  return [
    {
      name: 'records',
      look: () => lookAtRecords(store, parts, (entries) => ownAddresses(host, entries)),
    },
    {
      name: 'files',
      look: async () => {
        const entries = await readRecords(store);
        // The check of records has said so.
        if (!entries.ok) return [];
        const own = `${host.advertiseUrl}/`;
        const blobs = filesNamed(entries.value).map(async ({ of, path, urls }) => ({
          of,
          path,
          bytes: await host.fileBytes(path),
          isOffered: urls.some((url) => url.startsWith(own)),
        }));
        return checkBlobs(await Promise.all(blobs));
      },
    },
  ];
}

async function ownAddresses(host: HostLook, entries: readonly Entry[]): Promise<readonly Look[]> {
  const interfaces = await host.interfaces();
  return checkOwnAddresses(
    entries,
    interfaces.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address }))),
  );
}

export type ServerParts = {
  readonly clock: Pick<World['clock'], 'now'>;
  readonly http: HttpClient;
  readonly machines: () => readonly Machine[];
  readonly pxe: Pick<Pxe, 'images' | 'templates' | 'choose' | 'status' | 'networks' | 'boots'>;
  readonly service: () => ServiceFacts;
};

/** What only a running server can be asked. */
export function serverChecks(parts: ServerParts, host: HostLook | undefined): readonly Check[] {
  const { clock, http, machines, pxe } = parts;
  return [
    { name: 'service', look: () => checkService(parts.service(), clock.now()) },
    { name: 'dhcp', look: () => checkDhcp(pxe.status().dhcp, pxe.networks.all()) },
    {
      name: 'boot',
      look: () => {
        const { loaders, images } = pxe.status();
        return checkBoot({
          machines: machines(),
          loaders,
          loadersWanted: loaderNames,
          images: pxe.images.index().length,
          newestHere: images.newestHere,
          render: (machine) => rendered(pxe, machine),
        });
      },
    },
    { name: 'boots', look: () => checkBoots(pxe.boots.stuck(), pxe.boots.stored()) },
    ...(host === undefined
      ? []
      : [
          {
            name: 'clocks',
            look: async () => {
              const own = new URL(host.advertiseUrl).origin;
              const urls = pxe.images.index().flatMap((image) => image.urls);
              const others = new Set(
                urls.map((url) => URL.parse(url)?.origin ?? own).filter((one) => one !== own),
              );
              const asked = [...others]
                .slice(0, peersMax)
                .map((url) => peerClock(http, clock, url));
              return checkClocks(host.clock(), await Promise.all(asked));
            },
          },
        ]),
  ];
}

function rendered({ templates, choose }: Pick<Pxe, 'templates' | 'choose'>, machine: Machine) {
  const { role } = machine.spec;
  const id = choose(machine).template.value?.id;
  const template = id === undefined ? undefined : templates.get(role, id);
  if (id === undefined || template === undefined) return undefined;
  const document = templates.render(template, machine);
  return { id, ...(document.ok ? {} : { trouble: document.error.text }) };
}

async function peerClock(
  http: HttpClient,
  clock: Pick<World['clock'], 'now'>,
  url: string,
): Promise<PeerClock> {
  const answer = await http.request({
    method: 'GET',
    url: `${url}/version`,
    timeoutMs: peerWithinMs,
    bodyBytesMax: 64 * 1024,
  });
  if (!answer.ok) return { url, why: answer.error.text };
  const theirs = Date.parse(answer.value.headers['date'] ?? '');
  if (Number.isNaN(theirs)) return { url, why: 'its answer has no Date' };
  // The header names the second that had begun: on average it lies half of one back.
  return { url, aheadMs: instant(theirs) + 500 - clock.now() };
}
