import { describe, expect, it } from 'vitest';
import type { Entry, Revision } from '../../src/base/store.ts';
import { instantOf, type Rfc3339 } from '../../src/base/time.ts';
import { auditWrite, readAuditRecord } from '../../src/inventory/audit.ts';

const actor = { user: 'u', ip: '192.0.2.1', host: 'h' };
const facts = { category: 'machines', instance: 's', action: 'delete', detail: '' } as const;
const at = instantOf('2013-04-05T23:59:59.999Z' as Rfc3339);

function entryOf(write: ReturnType<typeof auditWrite>['write'], modRevision: string): Entry {
  if (write.kind !== 'put') throw new Error('a record is put');
  const revision = modRevision as Revision;
  return { key: write.key, value: write.value, modRevision: revision, createRevision: revision };
}

describe('audit record', () => {
  it('lies under its UTC day, with 16 hex digits of time and chance that must be new', () => {
    const { write, condition } = auditWrite(actor, at, { next: () => 0.5 }, facts);
    const time = at.toString(16).padStart(11, '0');
    expect(write.key).toBe(`audit/20130405/${time}80000`);
    expect(condition).toEqual({ kind: 'unmoved', key: write.key, modRevision: '0' });
  });

  it.each([0, 1 - 2 ** -53])('has 16 digits for chance %f', (next) => {
    const { write } = auditWrite(actor, at, { next: () => next }, facts);
    expect(write.key).toMatch(/^audit\/20130405\/[0-9a-f]{16}$/);
  });

  it('two of one server in a millisecond keep their order, which is all that tells them apart', () => {
    const chance = { next: () => 0.9 };
    const keys = [1, 2, 3].map(() => auditWrite(actor, at, chance, facts).write.key);
    expect(keys).toEqual([...new Set(keys)].toSorted());
    const another = auditWrite(actor, at, { next: () => 0.9 }, facts).write.key;
    expect(another).toBe(keys[0]);
  });

  it('gets its revision when it is read', () => {
    const { write } = auditWrite(actor, at, { next: () => 0 }, facts);
    expect(readAuditRecord(entryOf(write, '90071992547409931'))).toEqual({
      ts: '2013-04-05T23:59:59.999Z',
      rev: '90071992547409931',
      ...actor,
      ...facts,
    });
  });

  it('says where a long detail was cut', () => {
    const { write } = auditWrite(
      actor,
      at,
      { next: () => 0 },
      { ...facts, detail: 'x'.repeat(70_000) },
    );
    const detail = readAuditRecord(entryOf(write, '1'))?.detail ?? '';
    expect(detail).toHaveLength(65_536 + '… (cut: 70000 characters)'.length);
    expect(detail.endsWith('x… (cut: 70000 characters)')).toBe(true);
  });

  it.each(['', '[', '[]', '7', 'null'])('%j is no record', (text) => {
    const entry = { value: new TextEncoder().encode(text), modRevision: '1' } as Entry;
    expect(readAuditRecord(entry)).toBeUndefined();
  });
});
