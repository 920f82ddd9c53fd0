/** Why a machine is in its state, kept beside Sabakan's record under a key of ours. */

import { fail, ok, type Result } from '../base/result.ts';
import { parseRfc3339, type Rfc3339 } from '../base/time.ts';
import { parseMachineState } from './lifecycle.ts';
import type { MachineState } from './machine.ts';

/** Shown to people next to the state, kept until the next change. */
export type StateReason = {
  readonly state: MachineState;
  readonly since: Rfc3339;
  /** Who decided: `health`, `bridge`, or a person's name. */
  readonly by: string;
  /** One sentence an operator can act on. */
  readonly text: string;
  /** The facts behind it, such as the last probe results. */
  readonly evidence: readonly string[];
};

/** More lines than these are no summary; the rest is cut. */
const evidenceLinesMax = 20;
const textCharactersMax = 1000;

export function encodeReason(reason: StateReason): Uint8Array {
  const cut = (text: string): string => text.slice(0, textCharactersMax);
  return new TextEncoder().encode(
    JSON.stringify({
      state: reason.state,
      since: reason.since,
      by: cut(reason.by),
      text: cut(reason.text),
      evidence: reason.evidence.slice(0, evidenceLinesMax).map(cut),
    }),
  );
}

export function decodeReason(bytes: Uint8Array): Result<StateReason, string> {
  try {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
    const state = parseMachineState(String(json['state']));
    const since = parseRfc3339(String(json['since']));
    if (!state.ok) return state;
    if (!since.ok) return since;
    const evidence = Array.isArray(json['evidence']) ? json['evidence'].map(String) : [];
    return ok({
      state: state.value,
      since: since.value,
      by: String(json['by'] ?? ''),
      text: String(json['text'] ?? ''),
      evidence,
    });
  } catch (problem) {
    return fail(`not a state reason: ${problem instanceof Error ? problem.message : 'unreadable'}`);
  }
}
