/**
 * What a machine hears that asks for its script: its own when it is who it says it is, else the loop in which machines
 * wait that nobody registered. Who asks is told by the address it asks from: leased to a MAC address, it proves that much.
 */

import {
  formatIpv4,
  type Ipv4,
  type MacAddress,
  parseIpv4,
  parseMac,
} from '../../base/addresses.ts';
import { formatInstant, type Instant } from '../../base/time.ts';
import { rackOf } from '../../inventory/ipam.ts';
import type { IpamConfig } from '../../inventory/ipam-config.ts';
import type { Machine } from '../../inventory/machine.ts';
import {
  type Claims,
  claimNames,
  type Discovery,
  discoveryId,
  macsMax,
  serialOf,
} from '../discovery.ts';
import type { DiscoverySettings } from '../discovery-settings.ts';
import { foldNote, type Note } from './fold.ts';
import type { Conflict } from './judge.ts';
import type { KnownMac } from './known-macs.ts';
import type { Learned } from './learned.ts';
import { approvedScript, imageScript, loopScript, rejectedScript, waitScript } from './scripts.ts';
import { texts } from './sighted.ts';

export type Visitor = {
  /** As it is in the path; of a knock, as in the query. */
  readonly serial: string;
  readonly remoteAddress: string;
  /** What its firmware says of itself. */
  readonly query: ReadonlyMap<string, string>;
};

export type DiscoveryNetwork = {
  readonly name: string;
  readonly discovery: 'off' | 'ask' | 'rules';
};

export type Reception = {
  /** For `coreos/ipxe/<serial>`; undefined: whatever anybody gets. */
  readonly script: (visitor: Visitor) => string | undefined;
  /** For a turn of the loop; undefined: there is no discovery where it asks from. */
  readonly knock: (visitor: Visitor) => string | undefined;
  /** Whose address it is, where there is discovery. */
  readonly whoIs: (
    remoteAddress: string,
  ) => { readonly mac: MacAddress; readonly network: DiscoveryNetwork } | undefined;
};

export function createReception(deps: {
  readonly now: () => Instant;
  readonly bootUrl: string;
  readonly settings: DiscoverySettings;
  readonly networkOf: (address: Ipv4) => DiscoveryNetwork | undefined;
  /** The MAC address that this address is leased to, now. */
  readonly lesseeOf: (address: Ipv4) => MacAddress | undefined;
  readonly find: (serial: string) => Machine | undefined;
  readonly ipam: () => IpamConfig | undefined;
  readonly knownMac: (mac: string) => KnownMac | undefined;
  readonly knownMacsOf: (serial: string) => readonly KnownMac[];
  readonly stored: (id: string) => Discovery | undefined;
  /** As DHCP was told it. */
  readonly uuidOf: (id: string) => string | undefined;
  readonly conflictOf: (discovery: Discovery) => Conflict | undefined;
  readonly note: (note: Note) => void;
  readonly learn: (learned: Learned) => void;
  /** Has the rules decide; what they said last, where that was no decision. */
  readonly consider: (discovery: Discovery) => string | undefined;
}): Reception {
  const { bootUrl, settings, find, knownMac, stored } = deps;

  const seen = (visitor: Visitor) => {
    const address = parseIpv4(visitor.remoteAddress);
    if (!address.ok) return undefined;
    const network = deps.networkOf(address.value);
    if (network === undefined || network.discovery === 'off') return undefined;
    return { address: address.value, network, mac: deps.lesseeOf(address.value) };
  };

  /** The machine that this card belongs to for certain. */
  const ownerOf = (mac: MacAddress | undefined): Machine | undefined => {
    const known = mac === undefined ? undefined : knownMac(mac);
    return known === undefined ? undefined : find(known.serial);
  };

  const noteOf = (
    visitor: Visitor,
    { address, network }: { readonly address: Ipv4; readonly network: DiscoveryNetwork },
    mac: MacAddress,
    proof: 'lease' | 'claim',
  ): Note => {
    const said = Object.fromEntries(
      claimNames.flatMap((name) => {
        const text = visitor.query.get(name);
        return text === undefined ? [] : [[name, text] as const];
      }),
    ) as Claims;
    const claims = texts({ ...said, serial: visitor.serial });
    const macs = (visitor.query.get('macs') ?? '').split(',').slice(0, macsMax);
    return {
      ...{ mac, at: deps.now(), signs: ['ipxe'], claims },
      macs: macs.flatMap((one) => {
        const parsed = parseMac(one);
        return parsed.ok ? [parsed.value] : [];
      }),
      place: { address: formatIpv4(address), network: network.name, proof },
    };
  };

  /** A registered machine asks from where it belongs; its card is remembered. */
  const welcome = (
    machine: Machine,
    mac: MacAddress | undefined,
    { address, uuid }: { readonly address: Ipv4; readonly uuid: string | undefined },
  ): void => {
    if (mac === undefined) return;
    const { serial, rack } = machine.spec;
    const others = deps.knownMacsOf(serial).map((known) => known.mac);
    const had = others.join(', ');
    const replaces = `${serial} came from ${formatIpv4(address)} with a new network card, ${mac}; it had ${had}, and stands in rack ${rack} as before`;
    const at = formatInstant(deps.now());
    deps.learn({
      known: { mac, serial, at, ...(uuid === undefined ? {} : { uuid }) },
      ...(others.length === 0 ? {} : { replaces }),
    });
  };

  const standsInItsRack = (machine: Machine, address: Ipv4): boolean => {
    const ipam = deps.ipam();
    const rack = ipam && rackOf(ipam, address);
    // An address outside the plan tells nothing.
    return rack === undefined || rack === machine.spec.rack;
  };

  /** It stands where it should and, as far as that is known, shows the UUID that it always showed. */
  const isNewCard = (machine: Machine, address: Ipv4, uuid: string | undefined): boolean => {
    if (!standsInItsRack(machine, address)) return false;
    const cards = deps.knownMacsOf(machine.spec.serial);
    // More than a machine holds are for a person to adopt: or somebody makes up one after the other.
    if (cards.length >= macsMax) return false;
    const uuids = cards.flatMap((known) => known.uuid ?? []);
    return uuids.length === 0 || (uuid !== undefined && uuids.includes(uuid));
  };

  const waiting = (discovery: Discovery, network: DiscoveryNetwork): string => {
    const known = stored(discovery.id);
    const conflict = deps.conflictOf(discovery);
    const { id, wish } = discovery;
    const serial = wish.serial ?? discovery.claims.serial ?? '(none)';
    const byRules =
      network.discovery === 'rules' &&
      conflict === undefined &&
      // What it says is written a moment later, and rules decide about what is written.
      known !== undefined &&
      serialOf(known) === serialOf(discovery)
        ? deps.consider(known)
        : undefined;
    const role = wish.role ?? 'ROLE';
    const lines = [
      'Tetsukan: this machine is not registered. It goes on once it is approved.',
      `  id ${id}  serial ${serial}`,
      ...(conflict === undefined
        ? [`  to approve it: tetsu approve ${id} --role ${role}`]
        : [`  ${conflict.text}`, `  ${conflict.todo}`]),
      ...(byRules === undefined ? [] : [`  ${byRules}`]),
    ];
    return waitScript(lines, stampOf(lines));
  };

  const answer = (discovery: Discovery, network: DiscoveryNetwork): string => {
    const { decision, state } = discovery;
    if (state === 'rejected') {
      const lines = [`Rejected by ${decision?.by ?? 'somebody'}: ${decision?.text ?? ''}`];
      return rejectedScript(lines, settings.onRejected);
    }
    const { imageId, kernelParams } = settings;
    if (
      imageId !== undefined &&
      discovery.facts === undefined &&
      discovery.place.proof === 'lease'
    ) {
      return imageScript(bootUrl, { imageId, kernelParams });
    }
    return waiting(discovery, network);
  };

  return {
    script: (visitor) => {
      const place = seen(visitor);
      if (place === undefined) return undefined;
      const { mac } = place;
      const claimed = find(visitor.serial.trim());
      const owner = ownerOf(mac);
      if (owner !== undefined) {
        // Its own, whatever its firmware says: a serial that was given to it, or another's that it took.
        return owner === claimed ? undefined : approvedScript(bootUrl, owner.spec.serial);
      }
      const id = mac === undefined ? undefined : discoveryId(mac);
      const uuid = id === undefined ? undefined : deps.uuidOf(id);
      const isItself = claimed !== undefined && isNewCard(claimed, place.address, uuid);
      if (isItself && (id === undefined || stored(id)?.state !== 'rejected')) {
        welcome(claimed, mac, { address: place.address, uuid });
        return undefined;
      }
      if (mac !== undefined) deps.note(noteOf(visitor, place, mac, 'lease'));
      return loopScript(bootUrl);
    },
    knock: (visitor) => {
      const place = seen(visitor);
      if (place === undefined) return undefined;
      const claimed = parseMac(visitor.query.get('mac') ?? '');
      const mac = place.mac ?? (claimed.ok ? claimed.value : undefined);
      if (mac === undefined) {
        return waitScript(['Tetsukan: the server cannot tell which machine this is.'], 'nobody');
      }
      const proof = place.mac === undefined ? 'claim' : 'lease';
      const owner = proof === 'lease' ? ownerOf(mac) : undefined;
      if (owner !== undefined) return approvedScript(bootUrl, owner.spec.serial);
      const discovery = stored(discoveryId(mac));
      const machine = find(discovery?.decision?.serial ?? '');
      if (discovery?.state === 'approved' && machine !== undefined) {
        return approvedScript(bootUrl, machine.spec.serial);
      }
      // Now that it has said its UUID.
      const claimedMachine = find(visitor.serial.trim());
      const uuid = texts({ uuid: visitor.query.get('uuid') }).uuid;
      if (
        claimedMachine !== undefined &&
        discovery?.state !== 'rejected' &&
        isNewCard(claimedMachine, place.address, uuid)
      ) {
        welcome(claimedMachine, place.mac, { address: place.address, uuid });
        return approvedScript(bootUrl, claimedMachine.spec.serial);
      }
      const note = noteOf(visitor, place, mac, proof);
      deps.note(note);
      return discovery === undefined
        ? waitScript(
            ['Tetsukan: this machine is not registered. The server takes note of it.'],
            'new',
          )
        : answer(foldNote(discovery, note), place.network);
    },
    whoIs: (remoteAddress) => {
      const place = seen({ serial: '', remoteAddress, query: new Map() });
      if (place?.mac === undefined) return undefined;
      return { mac: place.mac, network: place.network };
    },
  };
}

/** A word that is another one when the lines are. */
function stampOf(lines: readonly string[]): string {
  let hash = 0;
  for (const character of lines.join('\n')) {
    hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  }
  return `t${hash.toString(16)}`;
}
