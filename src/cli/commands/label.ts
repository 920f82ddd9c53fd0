/** `tetsu label`: what `key=value` and `key-` mean for the machines they are said of. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { MachineV2 } from '../../sabakan/contract/machine.ts';
import { exitCodes, Failure } from '../failure.ts';
import { namesText } from './change-machines.ts';

export type LabelArguments = {
  readonly names: readonly string[];
  /** Null takes a label away. */
  readonly labels: Readonly<Record<string, string | null>>;
};

/** As kubectl: `key=value` sets, `key-` takes away, the rest are names; `serial:ABC-` is a name all the same. */
export function readLabelArguments(args: readonly string[]): Result<LabelArguments, string> {
  const names: string[] = [];
  const labels = new Map<string, string | null>();
  for (const arg of args) {
    const [, name, value] = /^([^=[\]@:]+)=(.*)$/s.exec(arg) ?? [];
    const [, gone] = /^([^[\]@:,^!]+)-$/.exec(arg) ?? [];
    const key = name ?? gone;
    if (key === undefined) {
      names.push(arg);
      continue;
    }
    if (labels.has(key)) return fail(`the label ${key} is given twice`);
    labels.set(key, value ?? null);
  }
  if (labels.size === 0) return fail('no label is given: key=value sets one, key- takes it away');
  return ok({ names, labels: Object.fromEntries(labels) });
}

/**
 * As kubectl, a label that has another value is only replaced on purpose.
 * @throws Failure with the machines that have another one
 */
export function mustNotReplace(
  machines: readonly MachineV2[],
  labels: LabelArguments['labels'],
): void {
  for (const [name, value] of Object.entries(labels)) {
    if (value === null) continue;
    const others = machines.filter(({ spec }) => (spec.labels[name] ?? value) !== value);
    const [first] = others;
    if (first === undefined) continue;
    const names = namesText(others.map(({ serial }) => serial));
    throw new Failure(
      `${names} has ${name}=${first.spec.labels[name]} already; nothing was changed`,
      '--overwrite replaces it',
      exitCodes.conflict,
    );
  }
}
