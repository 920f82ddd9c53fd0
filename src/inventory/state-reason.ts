/**
 * Why a machine is in its state, kept in the machine's own record beside what Sabakan has there, so that state and
 * reason change, are watched and go together. Sabakan leaves the member out of what it writes, which is right: a state
 * that it sets has another reason.
 */

import { parseRfc3339 } from '../base/time.ts';
import type { MachineStatus, StateReason } from './machine.ts';

/** The stored form: it names the stay it belongs to, in case another program changes the state and keeps the rest. */
type ReasonJson = {
  readonly state: string;
  readonly since: string;
  readonly by: string;
  readonly text: string;
  readonly evidence: readonly string[];
};

/** More lines than these are no summary; the rest is cut. */
const evidenceLinesMax = 20;
const textCharactersMax = 1000;

/** As it is kept: a bounded summary. */
export function boundedReason({ by, text, evidence }: StateReason): StateReason {
  const cut = (long: string): string => long.slice(0, textCharactersMax);
  return { by: cut(by), text: cut(text), evidence: evidence.slice(0, evidenceLinesMax).map(cut) };
}

export function reasonToJson({ state, since, reason }: MachineStatus): ReasonJson | undefined {
  return reason === undefined ? undefined : { state, since, ...reason };
}

/** Undefined when there is none, when it is of another stay, or unreadable: a state without a reason is no lie. */
export function reasonFromJson(
  json: unknown,
  { state, since }: Pick<MachineStatus, 'state' | 'since'>,
): StateReason | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const stored = json as Readonly<Record<string, unknown>>;
  const from = parseRfc3339(String(stored['since']));
  if (stored['state'] !== state || !from.ok || from.value !== since) return undefined;
  const { by, text, evidence } = stored;
  if (typeof by !== 'string' || typeof text !== 'string') return undefined;
  const lines = Array.isArray(evidence) ? evidence.map(String) : [];
  return boundedReason({ by, text, evidence: lines });
}
