/** From what all servers saw of one machine to its boots, each a row of steps. */

import type { MacAddress } from '../../base/addresses.ts';
import { absent, compareRevisions, type Revision } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import type { Boot, BootStep } from '../boot.ts';
import { beginsBoot, firmwareOf, furthest, phaseOf } from './phase.ts';
import type { BootRecord } from './record.ts';

export type StoredRecord = { readonly value: BootRecord; readonly revision: Revision };

/** Boots further apart are no row of failures. */
const rowGapMs = 30 * 60_000;

/** Oldest first. */
export function bootsOf(records: readonly StoredRecord[]): readonly Boot[] {
  const [first] = records;
  if (first === undefined) return [];
  const tagged = records
    .flatMap((record) => record.value.steps.map((step) => ({ step, record })))
    .sort((a, b) => a.step.at - b.step.at || phaseOf(a.step.name) - phaseOf(b.step.name));
  const groups: { steps: BootStep[]; records: Set<StoredRecord> }[] = [];
  for (const { step, record } of tagged) {
    const current = groups.at(-1);
    if (current === undefined || beginsBoot(current.steps, step)) {
      groups.push({ steps: [step], records: new Set([record]) });
    } else {
      current.steps.push(step);
      current.records.add(record);
    }
  }
  const boots: Boot[] = [];
  for (const [at, group] of groups.entries()) {
    const [begin] = group.steps;
    const last = group.steps.at(-1);
    if (begin === undefined || last === undefined) continue;
    const from = [...group.records];
    const { subject } = first.value;
    const boot: Boot = {
      id: `${subject.replaceAll(':', '')}-${Math.floor(begin.at / 1000)}`,
      subject,
      mac: known(from, 'mac') as MacAddress | undefined,
      serial: known(from, 'serial') ?? serialAmong(records, boots.at(-1)),
      uuid: known(from, 'uuid'),
      firmware: firmwareOf(group.steps),
      steps: group.steps,
      beganAt: begin.at,
      lastAt: group.steps.reduce<Instant>(
        (latest, { lastAt }) => (lastAt > latest ? lastAt : latest),
        last.lastAt,
      ),
      isOver: at < groups.length - 1,
      inARow: 1,
      revision: from.reduce<Revision>(
        (newest, { revision }) => (compareRevisions(revision, newest) > 0 ? revision : newest),
        absent,
      ),
    };
    const before = boots.at(-1);
    boots.push({ ...boot, inARow: rowOf(boot, before) });
  }
  return boots;
}

/** The member as the newest record that has it says. */
function known(from: readonly StoredRecord[], member: 'mac' | 'serial' | 'uuid') {
  return from.map(({ value }) => value[member]).findLast((text) => text !== undefined);
}

/** A boot that ended before its machine said its serial number is of the machine that said it before. */
function serialAmong(records: readonly StoredRecord[], before: Boot | undefined) {
  return before?.serial ?? known(records, 'serial');
}

function rowOf(boot: Boot, before: Boot | undefined): number {
  if (before === undefined || boot.beganAt - before.lastAt > rowGapMs) return 1;
  const [reached, reachedBefore] = [furthest(boot.steps)?.name, furthest(before.steps)?.name];
  const isSame = reached === reachedBefore && reached !== 'healthy' && reached !== 'firmware-offer';
  return isSame ? before.inARow + 1 : 1;
}
