/** DHCP: no address promised to two clients at once, and no promise that is not in the store. */

import type { Ack, History, KeyEvent, Violation } from './history.ts';
import { dotted } from './model.ts';

export function checkLeases(history: History): readonly Violation[] {
  const promises = history.acks
    .map((ack) => ({ ...ack, untilMs: endOf(ack, history) }))
    .sort((a, b) => a.endMs - b.endMs);
  const found: Violation[] = [];
  const byAddress = new Map<string, typeof promises>();
  for (const promise of promises) {
    const same = byAddress.get(promise.address) ?? [];
    byAddress.set(promise.address, [...same, promise]);
    const rival = same.find(
      (other) =>
        other.mac !== promise.mac && other.endMs < promise.untilMs && promise.endMs < other.untilMs,
    );
    if (rival === undefined) continue;
    found.push({
      kind: 'lease-doubled',
      text: `${promise.address} is promised to ${rival.mac} and to ${promise.mac} at once`,
      history: [rival, promise].map((one) => JSON.stringify(one)),
    });
  }
  return [...found, ...unstored(history)];
}

/** Until it runs out, its client gives it up, or its client is promised another one. */
function endOf(ack: Ack, { acks, gaveUp }: History): number {
  const next = acks.filter(
    (other) => other.mac === ack.mac && other.address !== ack.address && other.startMs > ack.endMs,
  );
  const given = gaveUp.filter(({ mac, atMs }) => mac === ack.mac && atMs >= ack.endMs);
  return Math.min(
    ack.startMs + ack.leaseMs,
    ...next.map(({ startMs }) => startMs),
    ...given.map(({ atMs }) => atMs),
  );
}

/** An ACK leaves after its lease is stored, so the store once held each of them. */
function unstored({ acks, events }: History): readonly Violation[] {
  const stored = new Set(events.flatMap(leasesIn));
  return acks
    .filter(({ mac, address }) => !stored.has(`${mac} ${address}`))
    .map((ack) => ({
      kind: 'lease-unstored',
      text: `${ack.mac} was promised ${ack.address}, which the store never held for it`,
      history: [JSON.stringify(ack)],
    }));
}

function leasesIn({ key, value }: KeyEvent): readonly string[] {
  if (!key.startsWith('lease-usages/') || value === undefined) return [];
  const first = numberOf(key.slice('lease-usages/'.length));
  const table = JSON.parse(value) as Readonly<Record<string, { readonly index: number }>>;
  return Object.entries(table).map(([mac, { index }]) => `${mac} ${dotted(first + index)}`);
}

export function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
