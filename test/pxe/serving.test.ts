import { describe, expect, it } from 'vitest';
import { servedForMs, watchServing } from '../../src/pxe/serving.ts';
import type { Sighting, SightingListener } from '../../src/pxe/sightings.ts';
import { manualClock } from '../support/clock.ts';
import { aDhcpSighting, anHttpSighting, aTftpSighting } from '../support/sightings.ts';

describe('a machine is being served', () => {
  it.each<[string, Sighting, number]>([
    ['for as long as firmware collects offers', aDhcpSighting(), 4_000],
    ['not when nobody answered it', aDhcpSighting({ sent: undefined, answer: 'silence' }), 0],
    ['not when it renews its lease', aDhcpSighting({ message: 'extending', answer: 'ack' }), 0],
    ['while it loads by TFTP, which says so every 5 s', aTftpSighting({ kind: 'moving' }), 6_000],
    ['and until what follows its loader', aTftpSighting({ kind: 'completed' }), 4_000],
    ['while it loads by HTTP', anHttpSighting({ phase: 'answered' }), 6_000],
    ['and until what follows its kernel', anHttpSighting({ phase: 'ended' }), 4_000],
    ['when it has a script with an image', anHttpSighting({ kind: 'script' }), 6_000],
    [
      'not when its script tells it to wait',
      anHttpSighting({ kind: 'script', imageId: undefined }),
      0,
    ],
  ])('%s', (_, sighting, ms) => expect(servedForMs(sighting)).toBe(ms));

  it('until the last of them is through', () => {
    const clock = manualClock();
    let tell: SightingListener = () => {};
    const isServing = watchServing(
      {
        subscribe: (listener) => {
          tell = listener;
          return () => {};
        },
      },
      clock,
    );
    const seen = (ms: number) => {
      clock.advance(ms);
      return isServing();
    };
    expect(isServing()).toBe(false);
    tell(aTftpSighting({ kind: 'moving' }));
    tell(aDhcpSighting());
    expect([seen(5_999), seen(1)]).toEqual([true, false]);
    tell(aDhcpSighting({ sent: undefined }));
    expect(isServing()).toBe(false);
  });
});
