/** One machine, asked by its serial number: what it boots, or why it does not. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Machine, Role } from '../../inventory/machine.ts';
import { bootScript, sayScript } from './boot-script.ts';

/** What a machine in state `retired` gets; Sabakan makes no difference. */
export type RetiredPolicy = 'boot' | 'refuse' | 'exit';

export type BootProblem =
  | { readonly kind: 'serial-missing'; readonly text: string }
  | { readonly kind: 'serial-unknown'; readonly text: string }
  | { readonly kind: 'machine-retired'; readonly text: string }
  | { readonly kind: 'template-missing'; readonly text: string }
  | { readonly kind: 'kernel-params-unsafe'; readonly text: string };

/** The template a role boots with; `version` is that of Ignition's configuration: `2.3`, `3.4`. */
export type LatestTemplate = { readonly id: string; readonly version: string };

export type BootSources = {
  readonly find: (serial: string) => Machine | undefined;
  readonly latestTemplate: (role: Role) => LatestTemplate | undefined;
  readonly newestImage: () => string | undefined;
  readonly kernelParams: () => string;
  readonly bootUrl: string;
  readonly retired: RetiredPolicy;
};

/** The text of the machine's script. */
export function decideBoot(serial: string, sources: BootSources): Result<string, BootProblem> {
  if (serial === '') {
    const text = 'The firmware knows no serial number: it has to be set in the SMBIOS.';
    return fail({ kind: 'serial-missing', text });
  }
  const machine = sources.find(serial);
  if (machine === undefined) {
    const text = `No machine with serial number ${serial} is registered.`;
    return fail({ kind: 'serial-unknown', text });
  }
  const { role } = machine.spec;
  if (machine.status.state === 'retired' && sources.retired !== 'boot') {
    const text = `${serial} is retired.`;
    if (sources.retired === 'exit') return ok(sayScript([text, 'Back to the firmware.']));
    return fail({ kind: 'machine-retired', text });
  }
  const template = sources.latestTemplate(role);
  if (template === undefined) {
    const text = `There is no Ignition template for role ${role}.`;
    return fail({ kind: 'template-missing', text });
  }
  const script = bootScript({
    bootUrl: sources.bootUrl,
    serial: machine.spec.serial,
    templateId: template.id,
    ignitionVersion: template.version,
    imageId: sources.newestImage(),
    kernelParams: sources.kernelParams(),
  });
  if (script === undefined) {
    const text = 'The stored kernel parameters hold characters that are not allowed.';
    return fail({ kind: 'kernel-params-unsafe', text });
  }
  return ok(script);
}

/** What the machine's console is told when its boot failed. */
export function explainFailure(serial: string, sources: BootSources): string {
  const decision = decideBoot(serial, sources);
  if (!decision.ok) return sayScript([decision.error.text]);
  return sources.newestImage() === undefined
    ? sayScript(['No boot image is on the server: upload one.'])
    : sayScript(['Nothing is wrong on the server now; its log shows what this machine asked for.']);
}
