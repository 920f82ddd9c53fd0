/** How a machine gets onto its network: whether DHCP answers there, and with which address. */

import { type Cidr, formatCidr, formatIpv4, type Ipv4 } from '../../base/addresses.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import { type ExplainedStep, fine, wrong } from './explained-step.ts';

export type NetworkFacts = {
  /** The address it is known by or will have; undefined: nobody knows where it stands. */
  readonly address: Ipv4 | undefined;
  readonly isConfigured: { readonly ipam: boolean; readonly dhcp: boolean };
  /** This server answers DHCP. */
  readonly answers: boolean;
  readonly network:
    | {
        readonly name: string;
        readonly cidr: Cidr;
        readonly mode: 'server' | 'proxy' | 'off';
        /** `tetsu network` made it; else it is the node pool. */
        readonly isRecord: boolean;
      }
    | undefined;
  readonly rack: number | undefined;
};

export type LeaseFacts = {
  readonly mac: string | undefined;
  readonly held: { readonly address: Ipv4; readonly expiresAt: Instant } | undefined;
  readonly range:
    | {
        readonly first: Ipv4;
        readonly count: number;
        /** Undefined: its table cannot be read whole. */
        readonly free: number | undefined;
      }
    | undefined;
  /** What DHCP on this server would offer it now; undefined: that is not known here. */
  readonly next: Foreseen | undefined;
  /** Where the lease is and where its machine is registered; undefined: one of the two is not known. */
  readonly racks:
    | { readonly leased: number; readonly registered: number; readonly serial: string }
    | undefined;
};

export type Foreseen =
  | { readonly kind: 'offer'; readonly address: Ipv4 }
  /** Why it would be offered nothing. */
  | { readonly kind: 'none'; readonly why: string };

export function explainNetwork(facts: NetworkFacts): ExplainedStep {
  const { address, isConfigured, answers, network, rack } = facts;
  const missing = [
    ...(isConfigured.ipam ? [] : ['network plan (ipam)']),
    ...(isConfigured.dhcp ? [] : ['DHCP configuration (dhcp)']),
  ];
  if (address === undefined) {
    const text = 'nobody knows where it stands: it has no address and no lease';
    return wrong('network', text, 'power it on once, or register it');
  }
  const shown = formatIpv4(address);
  if (network === undefined) {
    const text = `${shown} is in no network that is served, so DHCP stays silent there`;
    const todo =
      missing.length === 0
        ? 'tetsu get networks lists what is served; tetsu network set makes one'
        : `set the ${missing.join(' and the ')}: tetsu get config`;
    return wrong('network', text, todo);
  }
  const { name, cidr, mode, isRecord } = network;
  const place = rack === undefined ? '' : `, rack ${rack}`;
  const because = isRecord ? `the network ${name}` : 'the node pool of the network plan';
  const says = `${shown} is in ${name} (${formatCidr(cidr)}${place}), mode ${mode}`;
  if (mode === 'off') {
    const todo = `tetsu network set ${name} --mode server (or proxy beside another DHCP server)`;
    return wrong('network', `${says}: nothing is answered there`, todo, because);
  }
  if (missing.length > 0 && mode === 'server') {
    const text = `${says}, but there is no ${missing.join(' and no ')}`;
    return wrong('network', text, 'tetsu get config shows what is set', because);
  }
  if (!answers) {
    const text = `${says}, but this server answers no DHCP`;
    return wrong('network', text, 'ask another server, or set dhcp-bind in its file', because);
  }
  return fine('network', name, says, because);
}

export function explainLease(
  lease: LeaseFacts,
  mode: 'server' | 'proxy' | 'off' | undefined,
  isPlaced: boolean,
  now: Instant,
): ExplainedStep {
  const { held, range, next, mac, racks } = lease;
  if (mode === 'proxy') {
    return fine('lease', undefined, 'another DHCP server lends the address', 'mode proxy');
  }
  if (held !== undefined && held.expiresAt > now) {
    const shown = formatIpv4(held.address);
    const says = `${shown} is lent to ${mac} until ${untilText(held)}`;
    if (racks === undefined || racks.leased === racks.registered) return fine('lease', shown, says);
    const { leased, registered, serial } = racks;
    return wrong(
      'lease',
      `${says}: that is rack ${leased}, and ${serial} is registered in rack ${registered}, whose addresses its Ignition gives it and which do not work here`,
      `cable it in rack ${registered}, or correct the rack: tetsu edit machine ${serial}`,
    );
  }
  if (range === undefined && !isPlaced) {
    return fine(
      'lease',
      undefined,
      'it has no lease; from which range it gets one depends on its network',
    );
  }
  if (range === undefined) {
    return wrong(
      'lease',
      'there is no range of addresses to lend where it stands',
      'node-ipv4-range-size, max-nodes-in-rack: tetsu get config ipam -o yaml',
    );
  }
  const { first, count, free } = range;
  const where = `${formatIpv4(first)} to ${formatIpv4((first + count - 1) as Ipv4)}`;
  const had = held === undefined ? '' : `${formatIpv4(held.address)} until ${untilText(held)}`;
  if (free === undefined) {
    return wrong(
      'lease',
      `the lease table of its range (${where}) is broken: nothing new is lent there${had === '' ? '' : `; it had ${had}`}`,
      'tetsu doctor names the record and says what to do',
    );
  }
  if (next?.kind === 'offer') {
    const shown = formatIpv4(next.address);
    if (next.address === held?.address) {
      return fine('lease', shown, `it had ${had}, and would be offered it again`);
    }
    const before = had === '' ? `${mac} has none` : `it had ${had}, which is not free any more`;
    return fine(
      'lease',
      shown,
      `${before}; it would be offered ${shown}, one of ${free} free addresses (${where}), unless another machine takes that first or a host answers for it`,
      'its hardware address, which says where in the range the search begins',
    );
  }
  if (next?.kind === 'none' && free > 0) {
    return wrong('lease', `it would be offered nothing: ${next.why}`, 'tetsu get leases');
  }
  if (free === 0 && held === undefined) {
    return wrong(
      'lease',
      `all ${count} addresses of its range are lent (${where})`,
      `tetsu get leases --range ${formatIpv4(first)}; tetsu delete lease ends one that is not in use`,
    );
  }
  if (held !== undefined) {
    const says = `it had ${had}, and gets it again while nobody else needs it`;
    return fine('lease', formatIpv4(held.address), says);
  }
  const who = mac === undefined ? 'of its hardware address nothing is known' : `${mac} has none`;
  return fine('lease', undefined, `${who}; it gets one of ${free} free addresses (${where})`);
}

function untilText({ expiresAt }: { readonly expiresAt: Instant }): string {
  return Number.isFinite(expiresAt) ? formatInstant(expiresAt) : 'for ever';
}
