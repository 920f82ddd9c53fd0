/** `tetsu get machines` and `tetsu describe machine`. */

import type { Get } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { formatAge, formatTable } from '../table.ts';

/** v1's filters; each exists as `--without-…` as well. */
export const filters = [
  'serial',
  'rack',
  'role',
  'labels',
  'ipv4',
  'ipv6',
  'bmc-type',
  'state',
] as const;

type Machine = {
  readonly spec: {
    readonly serial: string;
    readonly rack: number;
    readonly 'index-in-rack': number;
    readonly role: string;
    readonly ipv4: readonly string[];
    readonly labels: Readonly<Record<string, string>> | null;
    readonly bmc: { readonly type: string; readonly ipv4: string };
  };
  readonly status: { readonly state: string; readonly duration: number };
};

/** The text to print. No match is an empty table, not an error: a script counts lines. */
export async function getMachines(
  get: Get,
  wanted: ReadonlyMap<string, string>,
  output: string,
): Promise<string> {
  const query = new URLSearchParams([...wanted]).toString();
  const { status, body } = await get(`/api/v1/machines${query === '' ? '' : `?${query}`}`);
  const machines = (status === 404 ? [] : body) as readonly Machine[];
  switch (output) {
    case 'json':
      return JSON.stringify(machines, null, 2);
    case 'name':
      return machines.map((machine) => machine.spec.serial).join('\n');
    case 'table':
    case 'wide':
      return machines.length === 0 ? 'no machine matches' : table(machines, output === 'wide');
    default:
      throw new Failure(
        `unknown output "${output}"`,
        'use -o table, wide, json or name',
        exitCodes.usage,
      );
  }
}

function table(machines: readonly Machine[], wide: boolean): string {
  const labels = ({ spec }: Machine): string =>
    Object.entries(spec.labels ?? {})
      .map(([name, value]) => `${name}=${value}`)
      .join(',');
  return formatTable<Machine>(
    [
      { title: 'SERIAL', cell: ({ spec }) => spec.serial },
      { title: 'RACK', cell: ({ spec }) => String(spec.rack) },
      { title: 'INDEX', cell: ({ spec }) => String(spec['index-in-rack']) },
      { title: 'ROLE', cell: ({ spec }) => spec.role },
      { title: 'STATE', cell: ({ status }) => status.state },
      { title: 'SINCE', cell: ({ status }) => formatAge(status.duration) },
      { title: 'IPV4', cell: ({ spec }) => spec.ipv4[0] ?? '' },
      ...(wide
        ? [
            { title: 'BMC', cell: ({ spec }: Machine) => spec.bmc.type },
            { title: 'BMC-IPV4', cell: ({ spec }: Machine) => spec.bmc.ipv4 },
            { title: 'LABELS', cell: labels },
          ]
        : []),
    ],
    machines,
  );
}

export async function describeMachine(get: Get, serial: string): Promise<string> {
  const { status, body } = await get(`/api/v2/machines/${encodeURIComponent(serial)}/explain`);
  if (status === 404) {
    throw new Failure(
      `no machine has the serial "${serial}"`,
      'tetsu get machines lists them; upper and lower case matter',
      exitCodes.notFound,
    );
  }
  return outline(body, 0);
}

/** Nested data as indented `name: value` lines: for reading, not for parsing. */
export function outline(value: unknown, depth: number): string {
  const indent = '  '.repeat(depth);
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object')) return `${indent}${value.join(', ')}`;
    return value.map((item) => `${indent}- ${outline(item, depth + 1).trimStart()}`).join('\n');
  }
  if (typeof value !== 'object' || value === null) return `${indent}${String(value)}`;
  return Object.entries(value)
    .map(([name, inner]) => {
      const nested = typeof inner === 'object' && inner !== null && Object.keys(inner).length > 0;
      const isShort = Array.isArray(inner) && inner.every((item) => typeof item !== 'object');
      if (!nested || isShort)
        return `${indent}${name}: ${inner === null || !nested ? emptyText(inner) : inner.join(', ')}`;
      return `${indent}${name}:\n${outline(inner, depth + 1)}`;
    })
    .join('\n');
}

function emptyText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'object' ? 'none' : String(value);
}
