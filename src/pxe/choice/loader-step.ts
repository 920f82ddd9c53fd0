/** Which boot file the firmware of a machine loads, and whether it is there to load. */

import { formatInstant, type Instant } from '../../base/time.ts';
import type { Boot } from '../boot.ts';
import { type FirmwareKind, firmwareKinds } from '../boot-target.ts';
import { type ExplainedStep, fine, wrong } from './explained-step.ts';

export type LoaderFacts = {
  readonly kind: FirmwareKind;
  /** As DHCP names it. */
  readonly file: string | undefined;
  /** Why there is none, or why it cannot be fetched from here. */
  readonly trouble: string | undefined;
  /** When the boot began in which this firmware asked; undefined: nobody saw it ask, it is one of those there are. */
  readonly seenAt: Instant | undefined;
};

export type SeenFirmware = { readonly kind: FirmwareKind; readonly at: Instant };

/** What the firmware of a boot said of itself; undefined: it said nothing to any server, as where iPXE is in the ROM. */
export function firmwareSeen({
  steps,
  beganAt,
}: Pick<Boot, 'steps' | 'beganAt'>): SeenFirmware | undefined {
  for (const { name, facts } of steps) {
    const { architecture, vendorClass = '' } = facts;
    if (name !== 'firmware-offer' && name !== 'firmware-ack') continue;
    if (architecture === undefined) continue;
    const transport = vendorClass.startsWith('HTTPClient') ? 'http' : 'tftp';
    const known = firmwareKinds.find((kind) => kind.architecture === architecture);
    const other = { architecture, name: 'other firmware', loader: undefined };
    return { kind: { ...(known ?? other), transport }, at: beganAt };
  }
  return undefined;
}

export function explainLoader({ kind, file, trouble, seenAt }: LoaderFacts): ExplainedStep {
  const name = `${kind.name} (architecture ${kind.architecture})`;
  const because =
    seenAt === undefined
      ? 'its firmware, by DHCP options 60 and 93'
      : `its firmware, by DHCP options 60 and 93 of its boot of ${formatInstant(seenAt)}`;
  if (trouble !== undefined) {
    return wrong(
      'loader',
      `${name}: ${trouble}`,
      'tetsu doctor says which boot files are served and where they come from',
      because,
    );
  }
  return fine('loader', file, `${name} loads ${file} by ${kind.transport.toUpperCase()}`, because);
}
