/** The ports on which machines that boot are answered, TFTP and DHCP: how they open and close. */

import type { AddressProber } from '../base/address-probe.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Endpoint, NetProblem, World } from '../base/world.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { AddressInUse } from './dhcp/probe.ts';
import { type Dhcp, type DhcpSettings, startDhcp } from './dhcp/start.ts';
import type { LeaseBook } from './lease-book.ts';
import type { Loaders } from './loaders.ts';
import type { Networks } from './networks.ts';
import type { PxeStatus } from './pxe-status.ts';
import type { SightingListener } from './sightings.ts';
import { createTftpResponder, defaultTftpLimits, type TftpResponder } from './tftp/responder.ts';
import type { TransferLimits } from './tftp/transfers.ts';

export type BootPortSettings = {
  /** `0.0.0.0` stands for each address this host has; undefined: no TFTP. */
  readonly tftp: Endpoint | undefined;
  /** Absent: this server answers no DHCP. */
  readonly dhcp?: DhcpSettings;
  readonly tftpLimits?: Partial<TransferLimits>;
};

export type BootPortProblem = NetProblem | { readonly kind: 'tftp-off'; readonly text: string };

export type BootPorts = {
  /** TFTP first: DHCP points to it. */
  readonly start: () => Promise<Result<void, BootPortProblem>>;
  readonly stop: () => void;
  readonly tftp: TftpResponder;
  /** Addresses on which TFTP stays off, and why. */
  readonly off: () => PxeStatus['tftp']['off'];
  /** Undefined: this server answers no DHCP. */
  readonly dhcp: () => Dhcp | undefined;
};

const anyAddress = '0.0.0.0';

export function createBootPorts(deps: {
  readonly world: World;
  readonly settings: BootPortSettings;
  readonly advertiseUrl: string;
  readonly inventory: Pick<Inventory, 'ipam' | 'dhcp' | 'ownerOf'>;
  readonly networks: Networks;
  readonly leases: Pick<LeaseBook, 'copy' | 'setAside'>;
  readonly loaders: Loaders;
  readonly tell: SightingListener;
  /** Absent: addresses are lent unasked. */
  readonly prober: AddressProber | undefined;
  readonly serverName: string;
}): BootPorts {
  const { world, settings, advertiseUrl, inventory, networks, leases, loaders } = deps;
  const tftp = createTftpResponder({
    world,
    files: { get: (name) => loaders.get(name)?.bytes },
    settings: {
      addresses: () => addressesOf(settings.tftp, world),
      port: settings.tftp?.port ?? 0,
      limits: { ...defaultTftpLimits, ...settings.tftpLimits },
    },
    tell: deps.tell,
  });
  let off: PxeStatus['tftp']['off'] = [];
  let dhcp: Dhcp | undefined;

  const startTftp = async (): Promise<Result<void, BootPortProblem>> => {
    off = (await tftp.start()).map(({ address, problem }) => ({ address, text: problem.text }));
    for (const { address, text } of off) world.log.error('TFTP is off', { address, text });
    const isDeaf = settings.tftp !== undefined && tftp.listening().length === 0;
    return isDeaf ? fail({ kind: 'tftp-off', text: whyDeaf(off) }) : ok(undefined);
  };

  const startDhcpIfOn = async (): Promise<Result<void, BootPortProblem>> => {
    if (settings.dhcp === undefined) return ok(undefined);
    const { prober, tell } = deps;
    const shareInUse = async (inUse: AddressInUse): Promise<boolean> => {
      const actor = { user: 'dhcp', ip: '', host: deps.serverName };
      const stored = await leases.setAside(inUse, actor);
      if (stored.ok && stored.value !== 'full') return stored.value === 'aside';
      const text = stored.ok ? 'too many of its range are set aside' : stored.error.text;
      world.log.warn('other servers are not told of an address in use', { text });
      return false;
    };
    const common = {
      ...{ world, inventory, networks, advertiseUrl, tell, prober, shareInUse },
      copy: leases.copy,
    };
    const started = await startDhcp({ ...common, settings: settings.dhcp });
    if (!started.ok) return started;
    dhcp = started.value;
    if (networks.all().every(({ mode }) => mode === 'off')) {
      world.log.warn('DHCP listens, and answers on no network: none is enabled', {
        text: 'tetsu network set NAME --cidr 10.69.0.0/20 --mode server, or an IPAM and a DHCP configuration',
      });
    }
    return ok(undefined);
  };

  return {
    start: async () => {
      const listening = await startTftp();
      return listening.ok ? startDhcpIfOn() : listening;
    },
    stop: () => {
      dhcp?.stop();
      tftp.stop();
    },
    tftp,
    off: () => off,
    dhcp: () => dhcp,
  };
}

/** One socket per address: an answer has to leave from the address that was asked. */
function addressesOf(tftp: Endpoint | undefined, world: Pick<World, 'net'>): readonly string[] {
  if (tftp === undefined) return [];
  if (tftp.address !== anyAddress) return [tftp.address];
  const own = world.net.interfaces().flatMap(({ ipv4 }) => ipv4.map(({ address }) => address));
  return own.length === 0 ? [anyAddress] : own;
}

function whyDeaf(off: PxeStatus['tftp']['off']): string {
  return `TFTP can listen nowhere: ${off.map(({ address, text }) => `${address}: ${text}`).join('; ')}`;
}
