import { describe, expect, it } from 'vitest';
import type { Rfc3339 } from '../../src/base/time.ts';
import type { MachineStatus, StateReason } from '../../src/inventory/machine.ts';
import { decodeMachine, encodeMachine } from '../../src/inventory/machine-json.ts';
import { boundedReason, reasonFromJson, reasonToJson } from '../../src/inventory/state-reason.ts';
import { aMachine } from '../support/machines.ts';

const reason: StateReason = {
  by: 'health',
  text: 'silent for 40s',
  evidence: ['tcp 22 silent', 'http 9105 silent'],
};
const since = '2026-11-21T06:00:00Z' as Rfc3339;
const status: MachineStatus = { state: 'unreachable', since, reason };

describe('the reason of a state', () => {
  it('survives the store', () => {
    expect(reasonFromJson(reasonToJson(status), status)).toEqual(reason);
  });

  it('is bounded in every direction, whoever stored it', () => {
    const long = 'x'.repeat(5_000);
    const huge = { by: long, text: long, evidence: Array.from({ length: 99 }, () => long) };
    expect(JSON.stringify(boundedReason(huge)).length).toBeLessThan(23_000);
    const stored = { ...huge, state: 'unreachable', since };
    expect(reasonFromJson(stored, status)).toEqual(boundedReason(huge));
  });

  it.each([
    null,
    7,
    'because',
    [],
    {},
    { ...reason, state: 'healthy', since },
    { ...reason, state: 'unreachable', since: '2026-11-21T06:00:01Z' },
    { ...reason, state: 'unreachable', since: 'x' },
    { state: 'unreachable', since, by: 'health', text: 7 },
  ])('%j is none', (json) => expect(reasonFromJson(json, status)).toBeUndefined());

  it('is a member of its own in the stored record, kept while other things change', () => {
    const machine = { ...aMachine({ serial: 's' }), status };
    const bytes = encodeMachine(machine);
    const stored = JSON.parse(new TextDecoder().decode(bytes));
    expect(Object.keys(stored)).toEqual(['spec', 'status', 'info', 'tetsukan']);
    expect(stored.status).toEqual({ timestamp: since, duration: 0, state: 'unreachable' });
    const decoded = decodeMachine(bytes, 's');
    expect(decoded.ok && decoded.value.status).toEqual(status);
    const again = decoded.ok ? encodeMachine(decoded.value, bytes) : undefined;
    expect(again).toEqual(bytes);
  });

  it('that is gone leaves what newer versions keep beside it', () => {
    const original = new TextEncoder().encode('{"spec":{},"tetsukan":{"reason":{},"later":1}}');
    const stored = JSON.parse(
      new TextDecoder().decode(encodeMachine(aMachine({ serial: 's' }), original)),
    );
    expect(stored.tetsukan).toEqual({ later: 1 });
    const plain = new TextDecoder().decode(encodeMachine(aMachine({ serial: 's' })));
    expect(plain).not.toContain('tetsukan');
  });
});
