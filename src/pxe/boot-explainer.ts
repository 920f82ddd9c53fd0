/** Explains boots from what this server knows now: the facts that `explainBoot` decides on. */

import { type Ipv4, type MacAddress, parseMac } from '../base/addresses.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Clock } from '../base/world.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { leaseRangeOf, rackOf } from '../inventory/ipam.ts';
import type { Machine, Serial } from '../inventory/machine.ts';
import type { Boot } from './boot.ts';
import {
  bootFileOf,
  bootTargetOf,
  type FirmwareKind,
  firmwareKinds,
  type LoaderNames,
} from './boot-target.ts';
import type { BootChoice } from './choice/choose.ts';
import { type BootExplanation, explainBoot, type ImageFacts } from './choice/explanation.ts';
import { firmwareSeen, type LoaderFacts, type SeenFirmware } from './choice/loader-step.ts';
import type { Foreseen, LeaseFacts, NetworkFacts } from './choice/network-steps.ts';
import type { Dhcp } from './dhcp/start.ts';
import type { CardOwners } from './discovery/cards.ts';
import type { BootDecision, RetiredPolicy } from './ipxe/boot-decision.ts';
import type { LeaseBook } from './lease-book.ts';
import type { Networks } from './networks.ts';

export type BootQuestion = {
  /** A serial number or a hardware address. */
  readonly of: string;
  /** `x64`, `arm64`, …, or a number of option 93; undefined: those that have a loader. */
  readonly arch?: string | undefined;
  /** `bios`, `uefi` or `uefi-http`; undefined: any. Without both: that of its last boot, where one is known. */
  readonly firmware?: string | undefined;
};

export type BootExplainer = (question: BootQuestion) => Result<BootExplanation, string>;

export type BootExplainerDeps = {
  readonly clock: Pick<Clock, 'now'>;
  readonly inventory: Pick<Inventory, 'find' | 'ipam' | 'dhcp'>;
  readonly leases: Pick<LeaseBook, 'leases' | 'inRange'>;
  readonly networks: Pick<Networks, 'of'>;
  readonly decide: (serial: string) => BootDecision;
  readonly render: (machine: Machine, choice: BootChoice) => Result<string, string> | undefined;
  readonly images: Omit<ImageFacts, 'index'> & { readonly index: () => readonly string[] };
  readonly retired: RetiredPolicy;
  /** This server answers DHCP; it answers TFTP. */
  readonly answers: () => { readonly dhcp: boolean; readonly tftp: boolean };
  readonly loaderNames: LoaderNames;
  readonly hasLoader: (file: string) => boolean;
  /** What DHCP on this server would offer a client on the network of an address. */
  readonly foresee: Dhcp['foresee'];
  readonly advertiseUrl: string;
  /** What was seen of machines that booted. */
  readonly who: {
    readonly serialOf: (mac: MacAddress) => string | undefined;
    readonly macOf: (traits: { readonly serial: string }) => MacAddress | undefined;
  };
  /** Of a serial number or a hardware address. */
  readonly lastBoot: (subject: string) => Pick<Boot, 'steps' | 'beganAt'> | undefined;
  /** What was approved or learned of network cards. */
  readonly cards: CardOwners;
};

export function createBootExplainer(deps: BootExplainerDeps): BootExplainer {
  const { clock, inventory } = deps;
  return ({ of, arch, firmware }) => {
    const kinds = kindsOf(arch, firmware, deps.loaderNames);
    if (!kinds.ok) return kinds;
    const named = inventory.find(of as Serial);
    const asked = named === undefined ? parseMac(of) : fail('');
    const mac = asked.ok ? asked.value : macOfSerial(deps, of);
    const serial = asked.ok
      ? serialOfMac(deps, asked.value, leaseOf(deps.leases, asked.value)?.address)
      : of;
    const decision = serial === undefined ? undefined : deps.decide(serial);
    const machine = decision?.machine;
    const isAnyKind = arch === undefined && firmware === undefined;
    const lastBoot = isAnyKind ? deps.lastBoot(mac ?? of) : undefined;
    const seen = lastBoot && firmwareSeen(lastBoot);
    const held = mac === undefined ? undefined : leaseOf(deps.leases, mac);
    const address = held?.address ?? addressOf(machine);
    return ok(
      explainBoot({
        of,
        serial,
        mac,
        decision,
        retired: deps.retired,
        network: networkFacts(deps, address),
        lease: {
          mac,
          held,
          range: rangeAt(deps, address, clock.now()),
          next: nextOf(deps, mac, address),
          racks: racksOf(deps, held?.address, machine),
        },
        loaders: (seen === undefined ? kinds.value : [seen.kind]).map((kind) =>
          loaderFacts(deps, kind, seen),
        ),
        images: { ...deps.images, index: deps.images.index() },
        ignition:
          machine === undefined || decision?.choice === undefined
            ? undefined
            : deps.render(machine, decision.choice),
        now: clock.now(),
      }),
    );
  };
}

const firmwareTests: ReadonlyMap<string, (kind: FirmwareKind) => boolean> = new Map([
  ['bios', ({ name }) => name.endsWith('BIOS')],
  ['uefi', ({ name, transport }) => !name.endsWith('BIOS') && transport === 'tftp'],
  ['uefi-http', ({ transport }) => transport === 'http'],
]);

/** The error says what can be asked for. */
function kindsOf(
  arch: string | undefined,
  firmware: string | undefined,
  loaders: LoaderNames,
): Result<readonly FirmwareKind[], string> {
  const test = firmware === undefined ? () => true : firmwareTests.get(firmware);
  if (test === undefined) {
    return fail(`firmware is "${firmware}"; it can be ${[...firmwareTests.keys()].join(', ')}`);
  }
  const named = firmwareKinds.filter(
    ({ architecture, name }) =>
      arch === undefined || arch === String(architecture) || name.startsWith(`${arch} `),
  );
  if (named.length === 0) {
    const words = [...new Set(firmwareKinds.map(({ name }) => name.split(' ')[0]))];
    const text = `arch is "${arch}"; it can be ${words.join(', ')} or a number of DHCP option 93`;
    return fail(text);
  }
  const kinds = named.filter(test);
  if (kinds.length === 0) return fail(`there is no ${arch} firmware of the kind ${firmware}`);
  if (arch !== undefined) return ok(kinds);
  const served = kinds.filter(({ architecture }) => loaders[architecture] !== undefined);
  return ok(served.length === 0 ? kinds : served);
}

/**
 * As its script would be chosen: where machines are discovered the card counts, else what the firmware says.
 *
 * @param at the address it was lent last; undefined: none
 */
export function serialOfMac(
  {
    cards,
    who,
    networks,
  }: Pick<BootExplainerDeps, 'cards' | 'networks'> & {
    readonly who: Pick<BootExplainerDeps['who'], 'serialOf'>;
  },
  mac: MacAddress,
  at: Ipv4 | undefined,
): string | undefined {
  const isOff = at !== undefined && networks.of(at)?.discovery === 'off';
  const [first, second] = [cards.serialOf(mac), who.serialOf(mac)];
  return isOff ? (second ?? first) : (first ?? second);
}

function macOfSerial(deps: BootExplainerDeps, serial: string): MacAddress | undefined {
  const seen = deps.who.macOf({ serial });
  const serialAt = (mac: MacAddress) => serialOfMac(deps, mac, leaseOf(deps.leases, mac)?.address);
  const isAnothers = seen !== undefined && (serialAt(seen) ?? serial) !== serial;
  return isAnothers ? deps.cards.macOf(serial) : (seen ?? deps.cards.macOf(serial));
}

function leaseOf(leases: Pick<LeaseBook, 'leases'>, mac: MacAddress): LeaseFacts['held'] {
  return leases
    .leases()
    .filter((lease) => lease.mac === mac)
    .sort((a, b) => b.expiresAt - a.expiresAt)[0];
}

function addressOf(machine: Machine | undefined): Ipv4 | undefined {
  return machine?.info.network[0]?.address ?? undefined;
}

function racksOf(
  { inventory }: Pick<BootExplainerDeps, 'inventory'>,
  leased: Ipv4 | undefined,
  machine: Machine | undefined,
): LeaseFacts['racks'] {
  const ipam = inventory.ipam();
  const rack = ipam && leased !== undefined ? rackOf(ipam, leased) : undefined;
  if (rack === undefined || machine === undefined) return undefined;
  return { leased: rack, registered: machine.spec.rack, serial: machine.spec.serial };
}

function networkFacts(
  { inventory, networks, answers }: BootExplainerDeps,
  address: Ipv4 | undefined,
): NetworkFacts {
  const ipam = inventory.ipam();
  const found = address === undefined ? undefined : networks.of(address);
  return {
    address,
    isConfigured: { ipam: ipam !== undefined, dhcp: inventory.dhcp() !== undefined },
    answers: answers().dhcp,
    network: found && {
      name: found.name,
      cidr: found.cidr,
      mode: found.mode,
      isRecord: !found.isImplicit,
    },
    rack: ipam === undefined || address === undefined ? undefined : rackOf(ipam, address),
  };
}

function rangeAt(
  { inventory, leases }: BootExplainerDeps,
  address: Ipv4 | undefined,
  now: number,
): LeaseFacts['range'] {
  const ipam = inventory.ipam();
  const range = ipam && address !== undefined ? leaseRangeOf(ipam, address) : undefined;
  if (range === undefined) return undefined;
  const lent = leases
    .inRange(range.first)
    ?.filter(({ address: one, expiresAt }) => expiresAt > now && one < range.first + range.count);
  return { ...range, free: lent && range.count - lent.length };
}

function nextOf(
  { foresee }: BootExplainerDeps,
  mac: MacAddress | undefined,
  place: Ipv4 | undefined,
): Foreseen | undefined {
  if (mac === undefined || place === undefined) return undefined;
  const answer = foresee(mac, place);
  if (answer === undefined) return undefined;
  if (typeof answer === 'string') return { kind: 'none', why: answer };
  return answer.kind === 'offer'
    ? { kind: 'offer', address: answer.address }
    : { kind: 'none', why: answer.reason };
}

function loaderFacts(
  { advertiseUrl, loaderNames, hasLoader, answers }: BootExplainerDeps,
  kind: FirmwareKind,
  seen: SeenFirmware | undefined,
): LoaderFacts {
  const seenAt = seen?.at;
  const target = bootTargetOf(
    {
      vendorClass: kind.transport === 'http' ? 'HTTPClient' : 'PXEClient',
      userClasses: [],
      architectures: [kind.architecture],
      hasIpxeOptions: false,
    },
    advertiseUrl,
    loaderNames,
  );
  const file = bootFileOf(target);
  if (target.kind === 'no-loader') return { kind, file, seenAt, trouble: target.text };
  const name = file?.split('/').at(-1) ?? '';
  if (!hasLoader(name)) return { kind, file, seenAt, trouble: `${name} is not on this server` };
  const isDeaf = target.kind === 'tftp-loader' && !answers().tftp;
  return { kind, file, seenAt, trouble: isDeaf ? 'this server answers no TFTP' : undefined };
}
