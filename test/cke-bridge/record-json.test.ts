import { describe, expect, test } from 'vitest';
import {
  decodeRecord,
  emptyRecord,
  encodeRecord,
  recordBytesMax,
} from '../../src/cke-bridge/record-json.ts';
import { createFleet } from './fleet.ts';

describe('the record in the store', () => {
  test('comes back as it went in', () => {
    const fleet = createFleet({ racks: 2, machines: 6 });
    fleet.add({ serial: 'l', rack: 3, labels: { constructor: 'x', __proto__x: 'y' } });
    fleet.pass();
    fleet.set('s-004', 'unreachable');
    fleet.pass();
    const record = { lastCluster: fleet.last, memory: fleet.memory };
    expect(decodeRecord(encodeRecord(record))).toEqual({ ok: true, value: record });
    expect(decodeRecord(encodeRecord(emptyRecord))).toEqual({ ok: true, value: emptyRecord });
  });

  test.each([
    '',
    '{}',
    '[]',
    '{"version":2,"cluster":null,"memory":[]}',
    '{"version":1,"cluster":{"members":[{}]},"memory":[]}',
  ])('is refused in whole when it is %j', (text) => {
    expect(decodeRecord(new TextEncoder().encode(text)).ok).toBe(false);
  });

  test('of 5,000 members with labels fits into one key of etcd', () => {
    const fleet = createFleet({ racks: 180, machines: 28 });
    for (const machine of fleet.machines.values()) {
      fleet.add({
        serial: machine.spec.serial,
        rack: machine.spec.rack,
        index: machine.spec.indexInRack,
        labels: { 'machine-type': 'r6525-cs-1', datacenter: 'tokyo0' },
      });
    }
    fleet.pass();
    expect(fleet.last?.members).toHaveLength(5000);
    const bytes = encodeRecord({ lastCluster: fleet.last, memory: fleet.memory }).length;
    expect(bytes).toBeLessThan(recordBytesMax);
  });
});
