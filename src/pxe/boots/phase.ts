/** How far into a boot each step is, and where one boot ends and the next begins. */

import type { BootStep, BootStepName, FirmwareKind } from '../boot.ts';

/** Steps of one number may come in any order; `why` and `other` say nothing of how far a boot is. */
const phases: Readonly<Record<BootStepName, number>> = {
  'firmware-offer': 0,
  'firmware-ack': 1,
  'loader-size': 2,
  loader: 3,
  'ipxe-offer': 4,
  'ipxe-ack': 5,
  'chain-script': 6,
  script: 7,
  kernel: 8,
  initrd: 9,
  // The initramfs asks DHCP before it fetches its Ignition; the installed system asks once more.
  'os-dhcp': 10,
  ignition: 11,
  probe: 12,
  healthy: 13,
  why: -1,
  other: -1,
};

/** Firmware asks for half a minute before it goes on to its next boot entry; a person takes longer to press a button. */
const retryGapMs = 120_000;
/** No machine starts twice within it, and a boot's id names the second it began. */
const bootMinMs = 1_000;
/** Whatever the steps, after such a silence another boot begins. */
const silenceMs = 15 * 60_000;

export function phaseOf(name: BootStepName): number {
  return phases[name];
}

/** The step that is furthest into the boot. */
export function furthest(steps: readonly BootStep[]): BootStep | undefined {
  return steps.reduce<BootStep | undefined>(
    (best, step) =>
      phaseOf(step.name) >= (best === undefined ? 0 : phaseOf(best.name)) ? step : best,
    undefined,
  );
}

type Beginning = Pick<BootStep, 'name' | 'at' | 'facts'>;

/** Whether `step` belongs to another boot than the steps before it. */
export function beginsBoot(before: readonly BootStep[], step: Beginning): boolean {
  const [first, last] = [before[0], before.at(-1)];
  if (first === undefined || last === undefined) return true;
  // Either way: the clock may have been set back.
  if (Math.abs(step.at - first.at) < bootMinMs) return false;
  const reached = phaseOf(furthest(before)?.name ?? 'other');
  const phase = phaseOf(step.name);
  const gapMs = step.at - last.lastAt;
  if (phase < 0 || phase > phases.script) return false;
  if (gapMs > silenceMs) return true;
  switch (step.name) {
    case 'firmware-offer':
      if (gapMs > retryGapMs) return true;
      // PXE gave up and the firmware goes on to HTTP boot, in the same power-on.
      return reached > phases['firmware-ack'] && !isNextEntry(before, step, reached);
    case 'ipxe-offer':
      return reached > phases['ipxe-ack'] || gapMs > retryGapMs;
    case 'loader':
    case 'loader-size':
      return reached > phases['ipxe-ack'];
    case 'chain-script':
      return reached >= phases.ignition;
    default:
      return false;
  }
}

function isNextEntry(before: readonly BootStep[], step: Beginning, reached: number): boolean {
  if (reached > phases.loader) return false;
  const asked = before.findLast(({ name }) => name === 'firmware-offer')?.facts.vendorClass;
  return asked !== undefined && kindText(asked) !== kindText(step.facts.vendorClass ?? '');
}

function kindText(vendorClass: string): string {
  return vendorClass.slice(0, vendorClass.indexOf(':'));
}

/** From the first DHCP message that a boot client sent. */
export function firmwareOf(steps: readonly BootStep[]): FirmwareKind {
  const first = steps.find(({ name }) => name === 'firmware-offer' || name === 'ipxe-offer');
  if (first === undefined) return 'unknown';
  if (first.name === 'ipxe-offer') return 'ipxe-rom';
  const { vendorClass = '', architecture } = first.facts;
  if (vendorClass.startsWith('HTTPClient')) return 'uefi-http';
  if (architecture === 0) return 'bios-pxe';
  return architecture === undefined ? 'other-pxe' : 'uefi-pxe';
}
