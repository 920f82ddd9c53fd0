import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/base/addresses.ts';
import { instant } from '../../../src/base/time.ts';
import { createRelays, relaysMax } from '../../../src/pxe/boots/relays.ts';

const relay = (number: number) => number as Ipv4;

describe('relays', () => {
  it('are known by when they were heard last, and when any other was', () => {
    const relays = createRelays();
    for (const [number, at] of [
      [1, 10],
      [2, 20],
      [3, 15],
      [1, 30],
    ] as const) {
      relays.heard(relay(number), instant(at));
    }
    expect(relays.of(relay(1))).toEqual({ lastAt: 30, othersAt: 20 });
    expect(relays.of(relay(2))).toEqual({ lastAt: 20, othersAt: 30 });
    expect(relays.of(relay(4))).toBeUndefined();
  });

  it('that were silent for longest are forgotten when too many are heard', () => {
    const relays = createRelays();
    for (let at = 0; at < relaysMax + 1; at += 1) {
      relays.heard(relay(at), instant(at));
      relays.heard(relay(0), instant(at));
    }
    expect(relays.of(relay(0))).toBeDefined();
    expect(relays.of(relay(1))).toBeUndefined();
    expect(relays.of(relay(relaysMax))).toBeDefined();
  });
});
