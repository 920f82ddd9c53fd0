/** Machines that nobody registered, for people. */

import { discoveryColumns } from '../../sabakan/contract/columns.ts';
import type { DiscoveryV2 } from '../../sabakan/contract/discovery.ts';
import { macNamed } from '../mac-name.ts';
import { among, type CliNoun, columnsOf, trueOrFalse } from './noun.ts';
import { rackValues } from './rack.ts';

const states: readonly DiscoveryV2['state'][] = ['waiting', 'approved', 'rejected'];

export const discoveryNoun: CliNoun = {
  names: ['discoveries', 'discovery'],
  describes: 'discoveries: machines that ask to boot and that nobody registered',
  nameOf: (object) => (object as DiscoveryV2).id,
  // As `tetsu approve` takes them: by id, by hardware address in any form, by serial number.
  ownerColumn: (name) => {
    if (/^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/.test(name)) return undefined;
    return macNamed(name) === undefined ? 'serial' : 'mac';
  },
  ownersAreNames: true,
  rackOf: (object) => rackOf(object as DiscoveryV2) ?? Number.NaN,
  selectable: discoveryColumns,
  hasLabels: false,
  deletable: true,
  values: {
    rack: rackValues,
    confirmed: trueOrFalse,
    state: among(states, 'states: '),
  },
  columns: columnsOf<DiscoveryV2>([
    ['ID', ({ id }) => id],
    ['SERIAL', ({ serial }) => serial ?? '-'],
    ['STATE', ({ state }) => state],
    ['RACK', (discovery) => rackOf(discovery)?.toString() ?? '-'],
    ['PRODUCT', ({ claims }) => claims.product ?? claims.vendorClass ?? '-'],
    ['SEEN', ({ lastSeen }) => lastSeen],
    ['NOTE', noteOf],
    ['ADDRESS', ({ place }) => place.address ?? '-', 'wide'],
    ['NETWORK', ({ place }) => place.network ?? '-', 'wide'],
    ['CIRCUIT', ({ place }) => place.circuit ?? '-', 'wide'],
    ['UUID', ({ claims }) => claims.uuid ?? '-', 'wide'],
    ['SIGNS', ({ signs }) => signs.join(','), 'wide'],
  ]),
};

function rackOf({ wish, rackGuess }: DiscoveryV2): number | undefined {
  return (wish.rack as number | null) ?? (rackGuess as { rack: number } | null)?.rack;
}

function noteOf({ conflict, decision, rule }: DiscoveryV2): string {
  if (decision !== null) return (decision as { readonly text: string }).text;
  if (conflict !== null) return (conflict as { readonly text: string }).text;
  return rule === null ? '-' : `rule ${rule} would decide`;
}
