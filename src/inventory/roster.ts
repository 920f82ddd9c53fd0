/** A roster: the file in which a technician says which machines there are. Bytes in, machines or every mistake out. */

import { fail, ok, type Result } from '../base/result.ts';
import { absent, type Revision } from '../base/store.ts';
import type { MachineWish } from './apply.ts';
import type { DhcpConfig } from './dhcp-config.ts';
import type { Inventory } from './inventory.ts';
import type { IpamConfig } from './ipam-config.ts';
import { labelMap, machinesPerRequestMax, type Serial } from './machine.ts';
import { duplicates, overfull, type RosterMachine } from './roster/check.ts';
import { readCsv } from './roster/csv.ts';
import { fileText } from './roster/file-text.ts';
import { type Fleet, type Found, fleetOfTrees } from './roster/fleet-tree.ts';
import { jsonTree } from './roster/json-tree.ts';
import type { RawMachine } from './roster/raw.ts';
import { placesIn } from './roster/tree.ts';
import { wishOf } from './roster/wish.ts';
import { yamlTrees } from './roster/yaml-tree.ts';
import {
  compareSpots,
  mistakesFoundMax,
  type RosterMistake,
  type Spot,
  spotName,
} from './roster-spot.ts';

export const rosterFormats = ['csv', 'json', 'yaml'] as const;
export type RosterFormat = (typeof rosterFormats)[number];

/** 10,000 machines with ten labels each are 3 MB. */
export const rosterBytesMax = 4 * 1024 * 1024;
/**
 * Reading YAML takes a server 3.5 µs a byte (measured), and meanwhile it answers nobody, machines that boot included.
 * 2,500 machines; `tetsu` reads YAML itself and sends JSON, which has room for all.
 */
export const servedYamlBytesMax = 256 * 1024;
/** More than anybody mends in one go; the number of all is told. */
export const mistakesShownMax = 200;

export type Roster = {
  readonly machines: readonly RosterMachine[];
  readonly ipam?: Found<IpamConfig>;
  readonly dhcp?: Found<DhcpConfig>;
};

export type RosterMistakes = {
  /** In the order of the file, at most `mistakesShownMax`. */
  readonly shown: readonly RosterMistake[];
  readonly total: number;
  /** There may be more: the search ended at `mistakesFoundMax`. */
  readonly isCut: boolean;
};

/**
 * @param terms.present the address plan of the server, where there is one and it is known; the file's own counts more.
 * @returns machines in the order of the file. A file without any machine or configuration is a mistake.
 */
export function readRoster(
  bytes: Uint8Array,
  format: RosterFormat,
  terms: { readonly present?: IpamConfig | undefined; readonly yamlBytesMax?: number } = {},
): Result<Roster, RosterMistakes> {
  const mistakes: RosterMistake[] = [];
  const { present, yamlBytesMax = rosterBytesMax } = terms;
  const bytesMax = format === 'yaml' ? yamlBytesMax : rosterBytesMax;
  const fleet = readFleet(bytes, format, bytesMax, mistakes);
  const machines: RosterMachine[] = [];
  let count = 0;
  for (const raw of fleet.machines) {
    count += 1;
    const wish = wishOf(raw, mistakes);
    if (wish !== undefined) machines.push({ wish, spotOf: spotsOf(raw) });
    if (mistakes.length >= mistakesFoundMax) break;
  }
  const { ipam, dhcp } = fleet;
  mistakes.push(...duplicates(machines), ...overfull(machines, ipam?.config ?? present));
  const isEmpty = count === 0 && ipam === undefined && dhcp === undefined;
  if (isEmpty && mistakes.length === 0) {
    mistakes.push({ spot: top(format), text: 'the file names no machine' });
  }
  if (mistakes.length > 0) return fail(counted(mistakes));
  return ok({
    machines,
    ...(ipam === undefined ? {} : { ipam }),
    ...(dhcp === undefined ? {} : { dhcp }),
  });
}

/** The first of them in the order of the file. */
export function counted(mistakes: readonly RosterMistake[]): RosterMistakes {
  const shown = mistakes.toSorted((a, b) => compareSpots(a.spot, b.spot));
  return {
    shown: shown.slice(0, mistakesShownMax),
    total: mistakes.length,
    isCut: mistakes.length >= mistakesFoundMax,
  };
}

/** `cell C17 (rack): rack must be …` */
export function mistakeText({ spot, text }: RosterMistake): string {
  const name = spotName(spot);
  return name === '' ? text : `${name}: ${text}`;
}

function readFleet(
  bytes: Uint8Array,
  format: RosterFormat,
  bytesMax: number,
  mistakes: RosterMistake[],
): Omit<Fleet, 'machines'> & { readonly machines: Iterable<RawMachine> } {
  const nothing: Fleet = { machines: [], ipam: undefined, dhcp: undefined };
  if (bytes.length > bytesMax) {
    const more = bytesMax < rosterBytesMax ? ' as YAML: send it as JSON or CSV, or by tetsu' : '';
    const text = `the file has ${bytes.length} bytes; at most ${bytesMax} are taken${more}`;
    mistakes.push({ spot: top(format), text });
    return nothing;
  }
  const text = fileText(bytes);
  if (!text.ok) {
    const { before, at, text: what } = text.error;
    const spot = placesIn(before).spot(at, '');
    mistakes.push({ spot, text: `the file ${what}` });
    return nothing;
  }
  if (format === 'csv') {
    const machines = readCsv(text.value, mistakes);
    return { ...nothing, machines };
  }
  const places = placesIn(text.value);
  const before = mistakes.length;
  const json = format === 'json' ? jsonTree(text.value, places, mistakes) : undefined;
  const trees =
    format === 'yaml' ? yamlTrees(text.value, places, mistakes) : json === undefined ? [] : [json];
  if (trees.length === 0 && mistakes.length > before) return nothing;
  const fleet = fleetOfTrees({ places, mistakes }, trees);
  if (fleet.machines.length <= machinesPerRequestMax) return fleet;
  const many = `the file has ${fleet.machines.length} machines; at most ${machinesPerRequestMax} are taken at once`;
  mistakes.push({ spot: top(format), text: many });
  return { ...fleet, machines: fleet.machines.slice(0, machinesPerRequestMax) };
}

function spotsOf({ spot, fields }: RawMachine): RosterMachine['spotOf'] {
  return (field) => (field === 'machine' ? spot : (fields[field]?.spot ?? spot));
}

function top(format: RosterFormat): Spot {
  return format === 'csv'
    ? { kind: 'cell', row: 1, column: 1, name: '' }
    : { kind: 'text', line: 1, column: 1, pointer: '' };
}

/**
 * The wishes as the inventory takes them: labels a file names are put over those the machine has, so others stay.
 * `expected` makes sure that those are still the ones when it is written.
 */
export function mergedWishes(
  machines: readonly RosterMachine[],
  { find, revisionOf }: Pick<Inventory, 'find' | 'revisionOf'>,
): {
  readonly wishes: readonly MachineWish[];
  readonly expected: ReadonlyMap<Serial, Revision>;
} {
  const expected = new Map<Serial, Revision>();
  const wishes = machines.map(({ wish: { labels, ...rest } }): MachineWish => {
    if (labels.size === 0) return rest;
    const present = find(rest.serial);
    expected.set(rest.serial, present === undefined ? absent : revisionOf(present));
    const merged = new Map<string, string | null>([...(present?.spec.labels ?? []), ...labels]);
    const kept = [...merged].flatMap(([name, value]) =>
      value === null ? [] : [[name, value] as const],
    );
    return { ...rest, labels: labelMap(kept) };
  });
  return { wishes, expected };
}

/** By the name's ending; of any other by its beginning. What cannot be told is YAML, whose mistakes are the clearest. */
export function rosterFormatOf(name: string, bytes: Uint8Array): RosterFormat {
  const ending = /\.(csv|tsv|json|ya?ml)$/i.exec(name)?.[1]?.toLowerCase();
  if (ending !== undefined) return endings[ending] ?? 'yaml';
  const text = fileText(bytes.subarray(0, sniffedBytes));
  // A character may be cut at the end.
  const head = text.ok ? text.value : text.error.before;
  if (/^\s*[[{]/.test(head)) return 'json';
  const first = /^(?!\s*#).*\S.*$/m.exec(head)?.[0] ?? '';
  return /^(sep=.|[^:]*[,;\t])/i.test(first) ? 'csv' : 'yaml';
}

const sniffedBytes = 4096;
const endings: Readonly<Record<string, RosterFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  yaml: 'yaml',
  yml: 'yaml',
};
