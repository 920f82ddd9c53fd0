/** Several parts of a machine in one commit, on condition of the revision the caller knows. */

import { ok, type Result } from '../../base/result.ts';
import type { Condition, Revision, Write } from '../../base/store.ts';
import type { Instant } from '../../base/time.ts';
import type { Audit, AuditValues, AuditWrite } from '../audit.ts';
import { committed } from '../audit.ts';
import { goRfc3339, goTimeText } from '../go-time.ts';
import { holdText, withHold } from '../hold.ts';
import type { MachinePatch, PatchTerms } from '../inventory.ts';
import { keys } from '../keys.ts';
import type { Machine, Serial } from '../machine.ts';
import { encodeMachine } from '../machine-json.ts';
import type { InventoryProblem } from '../problem.ts';
import { type Change, readMachine } from './change.ts';
import { changeRecord } from './change-record.ts';
import { isExpected } from './expected.ts';
import {
  inState,
  labelRecord,
  labelValues,
  retireValues,
  stateRecord,
  stateValues,
  withLabel,
  withoutLabel,
} from './machine-changes.ts';
import { keysToPlace, placedAnew, type Whereabouts } from './machine-place.ts';
import type { LookAgain } from './presence.ts';

/** `revision` is the machine's own; undefined where it is that of the commit which answers. */
type Patched =
  | {
      readonly kind: 'patched';
      readonly machine: Machine;
      readonly revision: Revision | undefined;
      /** In a dry run: whether it would be another one. */
      readonly changes: boolean;
    }
  /** Another revision than any of those expected: nothing was done. */
  | { readonly kind: 'moved'; readonly revision: Revision | undefined }
  | LookAgain;

export function patchMachine(
  serial: Serial,
  patch: MachinePatch,
  terms: PatchTerms,
  now: Instant,
  audit: Audit,
  where: Whereabouts,
): Change<Patched> {
  const key = keys.machine(serial);
  const diskKeys = keys.diskKeys(serial);
  const retires = patch.state?.to === 'retired';
  return {
    lane: key,
    reads: {
      keys: [key, ...keysToPlace(patch, where)],
      ...(retires ? { prefixes: [diskKeys] } : {}),
    },
    decide: (view) => {
      const found = readMachine(view, serial);
      if (!found.ok) return found;
      const { machine, bytes } = found.value;
      const revision = view.revisionOf(key);
      if (!isExpected(view, serial, terms)) {
        return { ok: true, value: { kind: 'moved', revision }, writes: [] };
      }
      const held = retires ? view.under(diskKeys).length : 0;
      const records: AuditWrite[] = [];
      const note: Note = (action, detail, values) =>
        void records.push(audit(serial, action, detail, values));
      const placed = placedAnew(view, machine, patch, where, terms.evenInUse === true);
      if (!placed.ok) return placed;
      if (placed.value.kind === 'look-again') return { ok: true, value: placed.value, writes: [] };
      if (placed.value.machine !== machine) {
        const { detail, ...values } = changeRecord(machine, placed.value.machine);
        note('change', detail, values);
      }
      const after = patched(placed.value.machine, patch, held, now, note);
      if (!after.ok) return after;
      const changes = after.value !== machine;
      if (!changes || terms.dryRun === true) {
        const value = { kind: 'patched', machine: after.value, revision, changes } as const;
        return { ok: true, value, writes: [] };
      }
      const write: Write = { kind: 'put', key, value: encodeMachine(after.value, bytes) };
      const conditions: Condition[] = retires ? [{ kind: 'none-under', prefix: diskKeys }] : [];
      const value = {
        kind: 'patched',
        machine: after.value,
        revision: undefined,
        changes,
      } as const;
      return committed(value, [write, ...placed.value.writes], records, conditions);
    },
  };
}

type Note = (action: string, detail: string, values?: AuditValues) => void;

/** The same machine when nothing changes; `note` hears of each change. */
function patched(
  machine: Machine,
  { labels: wanted, retireDate, state, hold }: MachinePatch,
  held: number,
  now: Instant,
  note: Note,
): Result<Machine, InventoryProblem> {
  let after = machine;
  // What goes first makes room for what comes.
  for (const [name, value] of [...wanted].sort(([, a], [, b]) => rankOf(a) - rankOf(b))) {
    const { labels: given } = after.spec;
    if (value === null) {
      const labels = withoutLabel(given, name);
      if (labels === undefined) continue;
      after = { ...after, spec: { ...after.spec, labels } };
      note('delete-label', name, labelValues(name, given.get(name), undefined));
    } else if (given.get(name) !== value) {
      const labels = withLabel(given, name, value);
      if (!labels.ok) return labels;
      after = { ...after, spec: { ...after.spec, labels: labels.value } };
      note('put-label', labelRecord(name, value), labelValues(name, given.get(name), value));
    }
  }
  if (retireDate !== undefined && goRfc3339(retireDate) !== after.spec.retireDate) {
    const values = retireValues(after.spec.retireDate, goRfc3339(retireDate));
    after = { ...after, spec: { ...after.spec, retireDate: goRfc3339(retireDate) } };
    note('set-retire-date', goTimeText(retireDate), values);
  }
  const holding = hold === undefined ? after : withHold(after, hold, now);
  if (holding !== after) {
    const values = { before: after.hold ?? null, after: holding.hold ?? null };
    if (holding.hold === undefined) note('release', after.hold?.reason ?? '', values);
    else note('hold', holdText(holding.hold), values);
    after = holding;
  }
  if (state === undefined) return ok(after);
  const next = inState(after, state.to, state.why, held, now);
  if (next.ok && next.value !== after) {
    const { state: from } = after.status;
    note('set-state', stateRecord(from, state.to, state.why), stateValues(from, state.to));
  }
  return next;
}

function rankOf(value: string | null): number {
  return value === null ? 0 : 1;
}
