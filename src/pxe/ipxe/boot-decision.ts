/** One machine, asked by its serial number: what it boots, or why it does not. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Machine } from '../../inventory/machine.ts';
import { type BootChoice, chosenByText } from '../choice/choose.ts';
import { bootScript, sayScript } from './boot-script.ts';

/** What a machine in state `retired` gets; Sabakan makes no difference. */
export type RetiredPolicy = 'boot' | 'refuse' | 'exit';

export type BootProblem =
  | { readonly kind: 'serial-missing'; readonly text: string }
  | { readonly kind: 'serial-unknown'; readonly text: string }
  | { readonly kind: 'machine-retired'; readonly text: string }
  | { readonly kind: 'template-missing'; readonly text: string }
  /** It is pinned, and no server is known to have it. No other image is booted in its place. */
  | { readonly kind: 'image-nowhere'; readonly text: string }
  | { readonly kind: 'kernel-params-unsafe'; readonly text: string };

export type BootSources = {
  readonly find: (serial: string) => Machine | undefined;
  readonly choose: (machine: Machine) => BootChoice;
  readonly bootUrl: string;
  readonly retired: RetiredPolicy;
};

/** All that is decided about one boot; scripts, Ignition documents and explanations follow from it. */
export type BootDecision = {
  readonly machine: Machine | undefined;
  /** Undefined: there is no machine to choose for, or it may not boot. */
  readonly choice: BootChoice | undefined;
  /** The text of the machine's script. */
  readonly script: Result<string, BootProblem>;
};

export function decideBoot(serial: string, sources: BootSources): BootDecision {
  if (serial === '') {
    const text = 'The firmware knows no serial number: it has to be set in the SMBIOS.';
    return refused({ kind: 'serial-missing', text });
  }
  const machine = sources.find(serial);
  if (machine === undefined) {
    const text = `No machine with serial number ${serial} is registered.`;
    return refused({ kind: 'serial-unknown', text });
  }
  if (isBarred(machine, sources.retired)) {
    const text = `${serial} is retired.`;
    const script =
      sources.retired === 'exit'
        ? ok(sayScript([text, 'Back to the firmware.']))
        : fail({ kind: 'machine-retired', text } as const);
    return { machine, choice: undefined, script };
  }
  const choice = sources.choose(machine);
  return { machine, choice, script: scriptOf(machine, choice, sources.bootUrl) };
}

export function isBarred({ status }: Machine, retired: RetiredPolicy): boolean {
  return status.state === 'retired' && retired !== 'boot';
}

function refused(problem: BootProblem): BootDecision {
  return { machine: undefined, choice: undefined, script: fail(problem) };
}

function scriptOf(
  machine: Machine,
  { image, template, kernelParams }: BootChoice,
  bootUrl: string,
): Result<string, BootProblem> {
  const { role, serial } = machine.spec;
  if (template.value === undefined) {
    const text =
      template.pinned === undefined
        ? `There is no Ignition template for role ${role}.`
        : `Role ${role} has no Ignition template ${template.pinned}, which ${chosenByText(template.by)} names.`;
    return fail({ kind: 'template-missing', text });
  }
  if (image.pinned !== undefined && image.value === undefined) {
    const text = `Image ${image.pinned}, which ${chosenByText(image.by)} names, is on no server.`;
    return fail({ kind: 'image-nowhere', text });
  }
  const script = bootScript({
    bootUrl,
    serial,
    templateId: template.value.id,
    ignitionVersion: template.value.version,
    imageId: image.value,
    kernelParams: kernelParams.value,
  });
  if (script === undefined) {
    const text = 'The stored kernel parameters hold characters that are not allowed.';
    return fail({ kind: 'kernel-params-unsafe', text });
  }
  return ok(script);
}

/** What the machine's console is told when its boot failed. */
export function explainFailure(serial: string, sources: BootSources): string {
  const { script, choice } = decideBoot(serial, sources);
  if (!script.ok) return sayScript([script.error.text]);
  return choice !== undefined && choice.image.value === undefined
    ? sayScript(['No boot image is on the server: upload one.'])
    : sayScript(['Nothing is wrong on the server now; its log shows what this machine asked for.']);
}
