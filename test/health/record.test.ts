import { describe, expect, it } from 'vitest';
import { formatInstant, type Rfc3339 } from '../../src/base/time.ts';
import { type Evidence, noEvidence } from '../../src/health/evidence.ts';
import { decodeKept, encodeKept, fingerprint, keptOf, recall } from '../../src/health/record.ts';
import { createSteadyTime } from '../../src/health/steady-time.ts';
import { manualClock } from '../support/clock.ts';
import { later, startMs, testPolicy } from './health-world.ts';

const stay = '2026-11-21T06:00:00.123456789Z' as Rfc3339;
const silent: Evidence = { ...noEvidence, stay, silentInARow: 2, silentSince: later(1000) };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (written: string) => new TextEncoder().encode(written);

describe('evidence record', () => {
  it('nothing is kept of a machine that is well, nor of one lost packet', () => {
    expect(keptOf(noEvidence, 'healthy')).toBeUndefined();
    expect(
      keptOf({ ...noEvidence, goodInARow: 9, goodSince: later(0) }, 'healthy'),
    ).toBeUndefined();
    expect(keptOf({ ...silent, silentInARow: 1 }, 'healthy')).toBeUndefined();
  });

  it('the silence of a machine that was never up is not kept', () => {
    expect(keptOf(silent, 'uninitialized')).toBeUndefined();
  });

  it('it changes with what matters, not with each pass', () => {
    const first = fingerprint(keptOf(silent, 'healthy'));
    expect(fingerprint(keptOf({ ...silent, silentInARow: 99 }, 'healthy'))).toBe(first);
    expect(fingerprint(keptOf({ ...silent, silentSince: later(2000) }, 'healthy'))).not.toBe(first);
  });

  it('it is readable JSON in wall time, and reads back on another server', () => {
    const here = manualClock(startMs);
    const time = createSteadyTime(here);
    here.advance(40_000);
    const kept = keptOf({ ...silent, departures: [later(0)], goodSince: later(500) }, 'healthy');
    const stored = encodeKept(kept ?? expect.unreachable(), time);
    expect(text(stored)).toBe(
      '{"v":1,"stay":"2026-11-21T06:00:00.123456789Z","silentSince":"2026-11-21T06:00:01Z","goodSince":"2026-11-21T06:00:00.5Z","failing":{},"departures":["2026-11-21T06:00:00Z"]}',
    );
    const there = createSteadyTime(manualClock(startMs + 50_000));
    const read = decodeKept(stored, there);
    expect(read.ok && read.value.silentSince).toBe(later(1000));
    expect(read.ok && formatInstant(there.toWall(read.value.departures[0] ?? later(0)))).toBe(
      '2026-11-21T06:00:00Z',
    );
  });

  it('a time in the future (another clock was ahead) counts from now', () => {
    const time = createSteadyTime(manualClock(startMs));
    const stored = bytes(`{"v":1,"silentSince":"2030-01-01T00:00:00Z"}`);
    const read = decodeKept(stored, time);
    expect(read.ok && read.value.silentSince).toBe(time.now());
  });

  it('recalled times are acted on only after passes of our own', () => {
    const kept = { ...silent, failing: [['ssh', later(0)]] as const, departures: [] };
    const evidence = recall(kept, testPolicy, later(999_000));
    expect(evidence).toMatchObject({ silentSince: later(1000), silentInARow: 0, goodInARow: 0 });
    expect(evidence.probes.get('ssh')).toMatchObject({ failures: 2, failingSince: later(0) });
  });

  it.each([
    ['not JSON', '{', 'not JSON'],
    ['not an object', '[]', 'not a JSON object'],
    ['a later version', '{"v":2}', 'version 2; this release reads version 1'],
    ['no version', '{}', 'version undefined'],
    ['a time that is none', '{"v":1,"silentSince":"soon"}', 'silentSince: "soon" is not'],
    ['a number for a time', '{"v":1,"departures":[5]}', 'departures: "5" is not'],
  ])('%s is reported', (_, written, why) => {
    const read = decodeKept(bytes(written), createSteadyTime(manualClock(startMs)));
    expect(read.ok ? '' : read.error).toContain(why);
  });
});
