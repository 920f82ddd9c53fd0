/** Several files of machines as one list, which knows of each machine where it stands; or every mistake in them. */

import { dhcpConfigToJson } from '../inventory/dhcp-config.ts';
import { ipamConfigToJson } from '../inventory/ipam-config.ts';
import {
  mistakeText,
  type Roster,
  type RosterFormat,
  readRoster,
  rosterFormatOf,
} from '../inventory/roster.ts';
import { spotLine } from '../inventory/roster-spot.ts';
import { type FileSpot, placed } from './file-spot.ts';

export type InputFile = { readonly name: string; readonly bytes: Uint8Array };

export type Bundle = {
  /** What is sent: a fleet in the shape of version 2. */
  readonly body: unknown;
  readonly machines: number;
  /** The place behind a JSON pointer into `body`. */
  readonly spotAt: (pointer: string) => FileSpot | undefined;
};

export type Bundled =
  | { readonly kind: 'bundle'; readonly bundle: Bundle }
  | {
      readonly kind: 'mistakes';
      /** `FILE:ROW:COLUMN: text`, in the order of the files. */
      readonly lines: readonly string[];
      /** Of all, those that are not among the lines included. */
      readonly total: number;
      /** There may be more. */
      readonly isCut: boolean;
    };

type RosterMachine = Roster['machines'][number];
type Source = { readonly file: string; readonly one: RosterMachine };

export function bundleFiles(
  files: readonly InputFile[],
  format: RosterFormat | undefined,
): Bundled {
  const lines: string[] = [];
  let total = 0;
  let isCut = false;
  const rosters: { file: string; roster: Roster }[] = [];
  for (const { name, bytes } of files) {
    const roster = readRoster(bytes, format ?? rosterFormatOf(name, bytes));
    if (roster.ok) rosters.push({ file: name, roster: roster.value });
    else {
      total += roster.error.total;
      isCut ||= roster.error.isCut;
      for (const mistake of roster.error.shown) {
        lines.push(placed({ file: name, spot: mistake.spot }, mistakeText(mistake)));
      }
    }
  }
  const sources = rosters.flatMap(({ file, roster }) =>
    roster.machines.map((one): Source => ({ file, one })),
  );
  const across = [...repeated(sources), ...twice(rosters, 'ipam'), ...twice(rosters, 'dhcp')];
  lines.push(...across);
  total += across.length;
  if (total > 0) return { kind: 'mistakes', lines, total, isCut };
  return { kind: 'bundle', bundle: bundled(rosters, sources) };
}

/** Within a file its own check has found them. */
function repeated(sources: readonly Source[]): readonly string[] {
  const first = new Map<string, Source>();
  return sources.flatMap(({ file, one }) => {
    const earlier = first.get(one.wish.serial);
    first.set(one.wish.serial, earlier ?? { file, one });
    if (earlier === undefined || earlier.file === file) return [];
    const where = `${earlier.file}, ${spotLine(earlier.one.spotOf('serial'))}`;
    const text = `serial ${one.wish.serial} is there twice: it stands in ${where}, too`;
    return [placed({ file, spot: one.spotOf('serial') }, text)];
  });
}

function twice(
  rosters: readonly { readonly file: string; readonly roster: Roster }[],
  noun: 'ipam' | 'dhcp',
): readonly string[] {
  const having = rosters.flatMap(({ file, roster }) => {
    const found = roster[noun];
    return found === undefined ? [] : [{ file, spot: found.spot }];
  });
  const [first, ...others] = having;
  return others.map((other) => placed(other, `${noun} is in ${first?.file}, too`));
}

function bundled(
  rosters: readonly { readonly file: string; readonly roster: Roster }[],
  sources: readonly Source[],
): Bundle {
  const ipam = rosters.find(({ roster }) => roster.ipam !== undefined);
  const dhcp = rosters.find(({ roster }) => roster.dhcp !== undefined);
  const body = {
    ...(ipam?.roster.ipam === undefined ? {} : { ipam: ipamConfigToJson(ipam.roster.ipam.config) }),
    ...(dhcp?.roster.dhcp === undefined ? {} : { dhcp: dhcpConfigToJson(dhcp.roster.dhcp.config) }),
    ...(sources.length === 0 ? {} : { machines: sources.map(({ one }) => wished(one)) }),
  };
  const spotAt = (pointer: string): FileSpot | undefined => {
    const [, noun = '', at = ''] = pointer.split('/');
    if (noun === 'ipam' && ipam?.roster.ipam)
      return { file: ipam.file, spot: ipam.roster.ipam.spot };
    if (noun === 'dhcp' && dhcp?.roster.dhcp)
      return { file: dhcp.file, spot: dhcp.roster.dhcp.spot };
    const source = noun === 'machines' ? sources[Number(at)] : undefined;
    if (source === undefined) return undefined;
    return { file: source.file, spot: source.one.spotOf(fieldOf(pointer)) };
  };
  return { body, machines: sources.length, spotAt };
}

function wished({ wish }: RosterMachine): unknown {
  const { serial, rack, role, bmcType, retireDate, labels } = wish;
  const spec = { rack, role, bmc: { type: bmcType }, labels: Object.fromEntries(labels) };
  return { serial, spec: retireDate === undefined ? spec : { ...spec, retireDate } };
}

/** `/machines/3/spec/bmc/type` */
function fieldOf(pointer: string): Parameters<RosterMachine['spotOf']>[0] {
  const member = pointer.replace(/^\/machines\/\d+\/?(spec\/)?/, '');
  if (member === 'bmc/type') return 'bmcType';
  return member === 'serial' || member === 'rack' || member === 'role' || member === 'retireDate'
    ? member
    : 'machine';
}
