/**
 * DISCOVER to ACK through 600 relays, each lease committed to etcd before its ACK; Kea beside it with the same subnets,
 * its leases in a file. Nine thousand machines and perfdhcp are the load for both.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNoLab } from '../compat/support/network.ts';
import type { Findings } from './dhcp-lab.ts';
import { ms, percentile, type Row } from './row.ts';

/** Debian's packages by the program that is needed of them. */
const peers = [
  ['kea-dhcp4', 'kea-dhcp4-server'],
  ['perfdhcp', 'kea-admin'],
  ['nft', 'nftables'],
  ['nsenter', 'util-linux'],
] as const;

export function run(): readonly Row[] {
  const lacks = whyNothing();
  if (lacks !== undefined) {
    return [{ what: 'beside Kea', figure: `not measured: ${lacks}`, target: 'ratio ≥ 1.0' }];
  }
  const { tetsukan, kea, sync } = findings();
  const ratio = (ours: readonly number[], theirs: readonly number[]) =>
    (percentile(ours, 0.5) / percentile(theirs, 0.5)).toFixed(2);
  return [
    rateRow('exchanges per second, each ACK after its etcd commit', tetsukan.busy, tetsukan.cpu),
    rateRow('the same by Kea, leases in a file', kea.busy, kea.cpu),
    { what: 'ratio ours/Kea', figure: ratio(tetsukan.busy, kea.busy), target: '≥ 1.0' },
    rateRow(
      'exchanges per second of perfdhcp, which is the same few machines behind every relay',
      tetsukan.rates,
    ),
    rateRow('the same by Kea', kea.rates),
    { what: 'ratio ours/Kea', figure: ratio(tetsukan.rates, kea.rates), target: '' },
    latencyRow('exchange at 200/s', tetsukan.latency, 'p99 < 3 ms'),
    latencyRow('the same by Kea', kea.latency, ''),
    {
      what: 'of it etcd waits for the disk, one sync per exchange',
      figure: `p50 ≤ ${sync.p50} ms, p99 ≤ ${sync.p99} ms`,
      target: '',
    },
  ];
}

/** By a process of its own, since there is no way back out of a network namespace. */
function findings(): Findings {
  const folder = mkdtempSync(join(tmpdir(), 'tetsukan-dhcp-'));
  const file = join(folder, 'findings');
  const script = join(import.meta.dirname, 'dhcp-lab.ts');
  try {
    spawnSync(process.execPath, [script, file], { stdio: ['ignore', 2, 2] });
    return JSON.parse(readFileSync(file, 'utf8')) as Findings;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param cpu in microseconds of each exchange, a list a round */
function rateRow(
  what: string,
  rates: readonly number[],
  cpu: readonly (readonly number[])[] = [],
): Row {
  const all = rates.map((rate) => Math.round(rate)).join(', ');
  const [first = []] = cpu;
  const each = first.map((_, at) =>
    percentile(
      cpu.map((round) => round[at] ?? 0),
      0.5,
    ),
  );
  const spent = each.length === 0 ? '' : `; CPU ${each.join(' + ')} µs each`;
  const figure = `${Math.round(percentile(rates, 0.5))}/s (rounds: ${all}${spent})`;
  return { what, figure, target: '' };
}

function latencyRow(
  what: string,
  { p50, p99, lost }: Findings['kea']['latency'],
  target: string,
): Row {
  return { what, figure: `p50 ${ms(p50)}, p99 ${ms(p99)}, ${lost} lost`, target };
}

function whyNothing(): string | undefined {
  const absent = peers.filter(
    ([program]) => spawnSync('which', [program], { stdio: 'ignore' }).status !== 0,
  );
  if (absent.length > 0) {
    return absent.map(([program, name]) => `${program} is missing (package ${name})`).join('; ');
  }
  return whyNoLab();
}
