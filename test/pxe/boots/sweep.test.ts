import { describe, expect, it } from 'vitest';
import { addMs, instant } from '../../../src/base/time.ts';
import type { BootStepName } from '../../../src/pxe/boot.ts';
import { decodeRecord, encodeRecord, recordKey } from '../../../src/pxe/boots/record.ts';
import { staleKeys, sweepLimits } from '../../../src/pxe/boots/sweep.ts';
import { bootsOf } from '../../../src/pxe/boots/timeline.ts';

const began = instant(Date.UTC(2026, 10, 21, 6));

function pile(subject: string, boots: number, name: BootStepName = 'script', registered = true) {
  const entries = Array.from({ length: boots }, (_, at) => {
    const time = addMs(began, at * 3_600_000);
    const step = {
      name,
      at: time,
      lastAt: time,
      times: 1,
      result: 'done',
      text: '',
      facts: {},
    } as const;
    const facts = { server: 'a', mac: undefined, serial: subject, uuid: undefined };
    const bytes = encodeRecord({
      ...facts,
      registered,
      stuckAt: undefined,
      steps: [{ ...step, server: 'a' }],
    });
    const key = recordKey(subject, time, 'a');
    const read = decodeRecord(key, bytes);
    if (!read.ok) throw new Error(read.error);
    return { key, record: read.value };
  });
  const stored = entries.map(({ record }) => ({ value: record, revision: '1' as never }));
  return [subject, { entries, boots: bootsOf(stored) }] as const;
}

const known = () => 'registered' as const;

describe('what is deleted of stored boots', () => {
  it('beyond the last 20 of a machine the oldest', () => {
    const [subject, one] = pile('m', 23);
    expect(staleKeys(new Map([[subject, one]]), known)).toEqual(
      one.entries.slice(0, 3).map(({ key }) => key),
    );
  });

  it('all of a machine that was removed', () => {
    const [subject, one] = pile('m', 2);
    expect(staleKeys(new Map([[subject, one]]), () => 'gone')).toHaveLength(2);
  });

  it('of too many strangers those that only asked DHCP', () => {
    const piles = new Map([pile('far', 1), pile('dark', 1, 'firmware-offer')]);
    const limits = { ...sweepLimits, strangersStoredMax: 1 };
    expect(staleKeys(piles, () => 'stranger', limits)).toEqual([recordKey('dark', began, 'a')]);
  });

  it('beyond the bound of bytes the oldest, and the last boot of a machine last', () => {
    const piles = new Map([pile('old', 1), pile('busy', 5)]);
    const [first] = piles.get('busy')?.entries ?? [];
    const bytes = first?.record.sizeBytes ?? 0;
    const gone = staleKeys(piles, known, { ...sweepLimits, storedBytesMax: bytes * 3.5 });
    expect(gone).toHaveLength(3);
    expect(gone.every((key) => key.includes('/busy/'))).toBe(true);
  });

  it('beyond what strangers may fill their oldest, whatever room there is, and nothing of registered machines', () => {
    const piles = new Map([pile('known', 5), pile('old', 1), pile('odd', 3), pile('busy', 5)]);
    const bytes = piles.get('odd')?.entries[0]?.record.sizeBytes ?? 0;
    const limits = { ...sweepLimits, strangersBytesMax: bytes * 3.5 };
    const status = (serial?: string) => (serial === 'known' ? 'registered' : 'stranger');
    const gone = staleKeys(piles, status, limits);
    const left = ['known', 'old', 'odd', 'busy'].map(
      (subject) => piles.get(subject)?.entries.filter(({ key }) => !gone.includes(key)).length,
    );
    expect(left).toEqual([5, 1, 1, 1]);
    expect(staleKeys(piles, status)).toEqual([]);
  });
});

describe('a record', () => {
  it('is read as it was written', () => {
    const [, { entries, boots }] = pile('52:54:00:00:00:01', 1);
    expect(entries[0]?.record).toMatchObject({ subject: '52:54:00:00:00:01', registered: true });
    expect(boots[0]?.id).toBe(`525400000001-${began / 1000}`);
  });

  it.each([
    ['it is no JSON', '{'],
    ['server is no text', '{}'],
    ['steps is no list of steps', '{"server":"a","beganMs":1,"steps":[]}'],
    [
      'one of the steps cannot be read',
      '{"server":"a","beganMs":1,"steps":[[99,0,0,1,"done","",{}]]}',
    ],
  ])('%s', (error, text) => {
    expect(decodeRecord('tetsukan/boots/m/1-a', new TextEncoder().encode(text))).toEqual({
      ok: false,
      error,
    });
  });
});
