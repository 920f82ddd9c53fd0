/** Who changed what, written in the same transaction as the change (Sabakan's record, with state changes added). */

import { assert } from '../base/assert.ts';
import type { Decision } from '../base/decision.ts';
import type { Receipt } from '../base/receipt.ts';
import type { Condition, Entry, Revision, Write } from '../base/store.ts';
import { absent } from '../base/store.ts';
import { formatInstant, type Instant } from '../base/time.ts';
import type { Chance } from '../base/world.ts';
import { keys } from './keys.ts';

/**
 * Who asks: the user (the token's name where there is one, else whatever the client says), the socket address it came
 * from, and the server that took it.
 */
export type Actor = {
  readonly user: string;
  readonly ip: string;
  readonly host: string;
  /** Of a request that may come again: what is changed for it, is changed once. */
  readonly receipt?: Receipt;
  /** Id of the token that proves `user`; absent: nothing proves it. */
  readonly token?: string;
  /** Of the request: the same as in its answer and in the log. */
  readonly request?: string;
};

export type AuditCategory =
  | 'ipam'
  | 'dhcp'
  | 'machines'
  | 'crypts'
  | 'image'
  | 'assets'
  | 'ignition'
  | 'kernel-params'
  | 'channels'
  | 'boot-rules'
  | 'brakes'
  | 'networks'
  | 'tokens'
  | 'discoveries'
  /** What was refused at the door. */
  | 'denied';

export type AuditFacts = {
  readonly category: AuditCategory;
  readonly instance: string;
  readonly action: string;
  readonly detail: string;
} & AuditValues;

/** Of what was changed, where that is small: JSON. Absent: there was none, or it is not kept. */
export type AuditValues = { readonly before?: unknown; readonly after?: unknown };

/** As published; `rev` is the revision of the change as decimal text. */
export type AuditRecord = {
  readonly ts: string;
  readonly rev: string;
  readonly user: string;
  readonly ip: string;
  readonly host: string;
  readonly category: string;
  readonly instance: string;
  readonly action: string;
  readonly detail: string;
  readonly token?: string;
  readonly request?: string;
} & AuditValues;

/** What a change adds to its commit: the record, and the condition that its key is new. */
export type AuditWrite = {
  readonly write: Extract<Write, { kind: 'put' }>;
  readonly condition: Condition;
};

/** A thousand serials fit; longer details are cut and say so, since an etcd request has its limit. */
const detailCharactersMax = 64 * 1024;
/** Of `before` and `after` each, as JSON: far above a machine with all its labels. */
const valueCharactersMax = 16 * 1024;

/** Stored in place of the revision, which is not known yet; Go's reader of the record wants a number there. */
const revisionNotKnown = '0';

/** The last key digits of each world: two records of one server in a millisecond keep their order. */
const lastStamps = new WeakMap<Chance, { readonly now: Instant; readonly salt: number }>();
const saltsMax = 0x10_0000;

/**
 * The revision is not known before the commit, so the key's 16 hex digits are the time in milliseconds (11 digits) and
 * chance (5 digits, counted on within a millisecond: changes that share a commit are told apart by nothing else); the
 * record's `rev` is filled in from the entry's own revision when it is read.
 */
export function auditWrite(
  actor: Actor,
  now: Instant,
  chance: Chance,
  facts: AuditFacts,
): AuditWrite {
  const write = recordAt(saltOf(now, chance), actor, now, facts);
  return { write, condition: { kind: 'unmoved', key: write.key, modRevision: absent } };
}

/**
 * The audit record of a change, made anew for each try: what a refused commit ran into may have been its key, which
 * another server drew in the same millisecond.
 */
export type Audit = (
  instance: string,
  action: string,
  detail: string,
  values?: AuditValues,
) => AuditWrite;

export function auditOf(
  actor: Actor,
  now: Instant,
  chance: Chance,
  category: AuditCategory,
): Audit {
  return (instance, action, detail, values = {}) =>
    auditWrite(actor, now, chance, { category, instance, action, detail, ...values });
}

/** The decision to write these, audit records included. */
export function committed<T>(
  value: T,
  writes: readonly Write[],
  audit: AuditWrite | readonly AuditWrite[],
  conditions: readonly Condition[] = [],
): Decision<T, never> {
  const records = [audit].flat();
  return {
    ok: true,
    value,
    writes: [...writes, ...records.map(({ write }) => write)],
    conditions: [...conditions, ...records.map(({ condition }) => condition)],
  };
}

/**
 * The records of one commit, however many: they lie in blocks of 4,096 keys that are new as a whole, so that one
 * condition goes with each block and not with each record.
 */
export function auditWrites(
  actor: Actor,
  now: Instant,
  chance: Chance,
  facts: readonly AuditFacts[],
): { readonly writes: readonly Write[]; readonly conditions: readonly Condition[] } {
  const blocks = Math.ceil(facts.length / blockLength);
  assert(blocks < blocksMax, 'the records of one commit fit into one millisecond');
  const drawn = Math.floor(chance.next() * (blocksMax - blocks));
  const last = lastStamps.get(chance);
  const next = last?.now === now ? Math.floor(last.salt / blockLength) + 1 : drawn;
  const first = (next + blocks < blocksMax ? next : drawn) * blockLength;
  if (facts.length > 0) lastStamps.set(chance, { now, salt: first + facts.length - 1 });
  const conditions = Array.from({ length: blocks }, (_, block): Condition => {
    return { kind: 'none-under', prefix: blockPrefix(keyAt(first + block * blockLength, now)) };
  });
  return { writes: facts.map((one, at) => recordAt(first + at, actor, now, one)), conditions };
}

/** The same for records that are made one by one: those of a block share its condition. */
export function auditBlock(
  actor: Actor,
  now: Instant,
  chance: Chance,
): (facts: AuditFacts) => AuditWrite {
  let salt: number | undefined;
  const next = (): number => {
    if (salt !== undefined && (salt + 1) % blockLength !== 0) return salt + 1;
    const last = lastStamps.get(chance);
    const block =
      last?.now === now
        ? Math.floor(last.salt / blockLength) + 1
        : Math.floor(chance.next() * blocksMax);
    // Whoever needs more blocks than there are has more records than any commit takes.
    return (block % blocksMax) * blockLength;
  };
  return (facts) => {
    salt = next();
    lastStamps.set(chance, { now, salt });
    const write = recordAt(salt, actor, now, facts);
    return { write, condition: { kind: 'none-under', prefix: blockPrefix(write.key) } };
  };
}

/** Of the block in which the key is. */
function blockPrefix(key: string): string {
  return key.slice(0, -Math.log2(blockLength) / 4);
}

/** Three hex digits of a key. */
const blockLength = 0x1000;
const blocksMax = saltsMax / blockLength;

function recordAt(
  salt: number,
  actor: Actor,
  now: Instant,
  facts: AuditFacts,
): Extract<Write, { kind: 'put' }> {
  const record = {
    ts: formatInstant(now),
    rev: revisionNotKnown,
    user: actor.user,
    ip: actor.ip,
    host: actor.host,
    category: facts.category,
    instance: facts.instance,
    action: facts.action,
    detail: cutDetail(facts.detail),
    // Beside Sabakan's members; its readers pass over them.
    ...(actor.token === undefined ? {} : { token: actor.token }),
    ...(actor.request === undefined ? {} : { request: actor.request }),
    ...(facts.before === undefined ? {} : { before: cutValue(facts.before) }),
    ...(facts.after === undefined ? {} : { after: cutValue(facts.after) }),
  } satisfies AuditRecord;
  const value = new TextEncoder().encode(JSON.stringify(record));
  return { kind: 'put', key: keyAt(salt, now), value };
}

function keyAt(salt: number, now: Instant): string {
  const time = now.toString(16).padStart(11, '0');
  return `${keys.auditDay(dayOf(now))}${time}${salt.toString(16).padStart(5, '0')}`;
}

function saltOf(now: Instant, chance: Chance): number {
  const drawn = Math.floor(chance.next() * saltsMax);
  const last = lastStamps.get(chance);
  const isNext = last?.now === now && last.salt + 1 < saltsMax;
  const salt = isNext ? last.salt + 1 : drawn;
  lastStamps.set(chance, { now, salt });
  return salt;
}

/** Undefined for an entry that is no record; the log is read by people, so one bad entry must not hide the rest. */
export function readAuditRecord(entry: Entry): AuditRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(entry.value));
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const given = json as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof given[name] === 'string' ? given[name] : '');
  return {
    ts: text('ts'),
    rev: revisionOf(text('rev'), entry.modRevision),
    user: text('user'),
    ip: text('ip'),
    host: text('host'),
    category: text('category'),
    instance: text('instance'),
    action: text('action'),
    detail: text('detail'),
    ...(typeof given['token'] === 'string' ? { token: given['token'] } : {}),
    ...(typeof given['request'] === 'string' ? { request: given['request'] } : {}),
    ...('before' in given ? { before: given['before'] } : {}),
    ...('after' in given ? { after: given['after'] } : {}),
  };
}

/** The UTC day of an instant as YYYYMMDD. */
export function dayOf(at: Instant): string {
  return formatInstant(at).slice(0, 10).replaceAll('-', '');
}

function revisionOf(stored: string, own: Revision): string {
  return stored === '' || stored === revisionNotKnown ? own : stored;
}

function cutDetail(detail: string): string {
  if (detail.length <= detailCharactersMax) return detail;
  return `${detail.slice(0, detailCharactersMax)}… (cut: ${detail.length} characters)`;
}

function cutValue(value: unknown): unknown {
  const { length } = JSON.stringify(value) ?? '';
  return length <= valueCharactersMax ? value : `(not kept: ${length} characters)`;
}
