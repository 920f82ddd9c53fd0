import { describe, expect, it } from 'vitest';
import type { Rfc3339 } from '../../src/base/time.ts';
import { decodeReason, encodeReason, type StateReason } from '../../src/inventory/state-reason.ts';

const reason: StateReason = {
  state: 'unreachable',
  since: '2026-11-21T06:00:00Z' as Rfc3339,
  by: 'health',
  text: 'silent for 40s',
  evidence: ['tcp 22 silent', 'http 9105 silent'],
};

describe('the reason of a state', () => {
  it('survives the store', () => {
    expect(decodeReason(encodeReason(reason))).toEqual({ ok: true, value: reason });
  });

  it('is bounded in every direction', () => {
    const long = 'x'.repeat(5_000);
    const huge = {
      ...reason,
      by: long,
      text: long,
      evidence: Array.from({ length: 99 }, () => long),
    };
    expect(encodeReason(huge).length).toBeLessThan(23_000);
  });

  it.each([
    '',
    '[]',
    'null',
    '{}',
    '{"state":"dead","since":"2026-11-21T06:00:00Z"}',
    '{"state":"healthy","since":"x"}',
  ])('%j is none', (text) => expect(decodeReason(new TextEncoder().encode(text)).ok).toBe(false));
});
