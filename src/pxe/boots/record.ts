/**
 * What one server saw of one boot, as it lies in the store under `tetsukan/boots/<subject>/<began>-<server>`.
 * Readers join the records of all servers (`timeline.ts`), so no server has to know what the others saw.
 */

import { isJsonObject } from '../../base/exact-json.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { type Instant, instant } from '../../base/time.ts';
import {
  type BootStep,
  type BootStepFacts,
  type BootStepName,
  type BootStepResult,
  bootStepNames,
} from '../boot.ts';

export const bootsPrefix = 'tetsukan/boots/';

export type BootRecord = {
  readonly subject: string;
  readonly server: string;
  readonly mac: string | undefined;
  readonly serial: string | undefined;
  readonly uuid: string | undefined;
  /** It was a registered machine when this was written. */
  readonly registered: boolean;
  /** Its server found it stuck, waiting for this step; watchers hear of it so. */
  readonly stuckAt: BootStepName | undefined;
  readonly steps: readonly BootStep[];
  /** Of the record as it is stored. */
  readonly sizeBytes: number;
};

/** @param began of its first step; the names of servers are the configuration's. */
export function recordKey(subject: string, began: Instant, server: string): string {
  const place = Math.floor(began).toString(36).padStart(9, '0');
  // A half of a character, which a client may send, has no encoding.
  const owner = encodeURIComponent(subject.toWellFormed());
  return `${bootsPrefix}${owner}/${place}-${encodeURIComponent(server)}`;
}

export function subjectOfKey(key: string): string {
  const [subject = ''] = key.slice(bootsPrefix.length).split('/');
  try {
    return decodeURIComponent(subject);
  } catch {
    // Not one of ours; its record is told as broken, and this must not end whoever hears of it.
    return subject;
  }
}

type StoredStep = readonly [
  name: number,
  atMs: number,
  lastMs: number,
  times: number,
  result: BootStepResult,
  text: string,
  facts: BootStepFacts,
];

export function encodeRecord(record: Omit<BootRecord, 'sizeBytes' | 'subject'>): Uint8Array {
  const { steps, ...rest } = record;
  const [first] = steps;
  const beganMs = first?.at ?? 0;
  const stored: readonly StoredStep[] = steps.map((step) => [
    bootStepNames.indexOf(step.name),
    step.at - beganMs,
    step.lastAt - step.at,
    step.times,
    step.result,
    step.text,
    step.facts,
  ]);
  return new TextEncoder().encode(JSON.stringify({ ...rest, beganMs, steps: stored }));
}

export function decodeRecord(key: string, bytes: Uint8Array): Result<BootRecord, string> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return fail('it is no JSON');
  }
  if (!isJsonObject(json)) return fail('it is no JSON object');
  const { server, beganMs, steps, registered } = json;
  if (typeof server !== 'string') return fail('server is no text');
  if (!isTime(beganMs)) return fail('beganMs is no time');
  if (!Array.isArray(steps) || steps.length === 0) return fail('steps is no list of steps');
  const read = steps.flatMap((step) => stepFrom(step, beganMs, server) ?? []);
  if (read.length !== steps.length) return fail('one of the steps cannot be read');
  return ok({
    subject: subjectOfKey(key),
    server,
    mac: textOf(json['mac']),
    serial: textOf(json['serial']),
    uuid: textOf(json['uuid']),
    registered: registered === true,
    stuckAt: bootStepNames.find((name) => name === json['stuckAt']),
    steps: read,
    sizeBytes: bytes.length,
  });
}

function stepFrom(stored: unknown, beganMs: number, server: string): BootStep | undefined {
  if (!Array.isArray(stored)) return undefined;
  const [at, afterMs, forMs, times, result, text, facts] = stored;
  const name = typeof at === 'number' ? bootStepNames[at] : undefined;
  if (name === undefined || typeof afterMs !== 'number' || typeof forMs !== 'number') {
    return undefined;
  }
  if (!isTime(beganMs + afterMs) || !isTime(beganMs + afterMs + forMs)) return undefined;
  if (typeof times !== 'number' || !results.has(result) || typeof text !== 'string') {
    return undefined;
  }
  if (typeof facts !== 'object' || facts === null) return undefined;
  const began = instant(beganMs + afterMs);
  return {
    name,
    at: began,
    lastAt: instant(began + forMs),
    times,
    result,
    text,
    server,
    facts,
  };
}

const results: ReadonlySet<unknown> = new Set<BootStepResult>([
  'done',
  'running',
  'redirected',
  'failed',
  'missed',
]);

/** What can be printed: until the year 9999. */
function isTime(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms < 253_402_300_800_000;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
