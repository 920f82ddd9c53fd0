/** A boot as it was seen: its steps in order, from the first packet until the machine is healthy. */

import type { Ipv4, MacAddress } from '../base/addresses.ts';
import type { Revision } from '../base/store.ts';
import type { Instant } from '../base/time.ts';

/** In the order of a boot; the last two come beside the others. */
export const bootStepNames = [
  'firmware-offer',
  'firmware-ack',
  'loader-size',
  'loader',
  'ipxe-offer',
  'ipxe-ack',
  'chain-script',
  'script',
  'kernel',
  'initrd',
  'ignition',
  'os-dhcp',
  'probe',
  'healthy',
  'why',
  'other',
] as const;
export type BootStepName = (typeof bootStepNames)[number];

export type BootStepResult =
  | 'done'
  /** A transfer that goes on, or whose end nobody told. */
  | 'running'
  /** Sent on to another server. */
  | 'redirected'
  | 'failed'
  /** Not there, and nothing depends on it: `autoexec.ipxe`. */
  | 'missed';

export type BootStep = {
  readonly name: BootStepName;
  /** The first time, and the last one of those told together. */
  readonly at: Instant;
  readonly lastAt: Instant;
  readonly times: number;
  readonly result: BootStepResult;
  /** Which server saw it. */
  readonly server: string;
  /** Why it is as it is; empty where there is nothing to say. */
  readonly text: string;
  readonly facts: BootStepFacts;
};

/** What is known of a step; members that do not belong to its kind are absent. */
export type BootStepFacts = {
  readonly address?: Ipv4;
  readonly bootFile?: string;
  readonly relay?: Ipv4;
  /** Sub-option 1 of option 82 as text. */
  readonly circuit?: string;
  readonly interface?: string;
  readonly vendorClass?: string;
  readonly architecture?: number;
  /** Whoever asked: an address. */
  readonly client?: string;
  readonly path?: string;
  readonly status?: number;
  readonly imageId?: string;
  readonly userAgent?: string;
  /** That left, or were acknowledged; and how many there are. */
  readonly bytes?: number;
  readonly totalBytes?: number;
  readonly durationMs?: number;
  readonly resentBlocks?: number;
  /** As agreed: `blksize=1468 windowsize=4`. */
  readonly options?: string;
};

/** What a script says that tells a machine to wait for its turn to load. */
export function toldToWait(place: number, of: number): string {
  return `${toldToWaitStart}${place} of ${of}`;
}

/** Its next step is to ask again. */
export function isToldToWait({ name, text }: Pick<BootStep, 'name' | 'text'>): boolean {
  return name === 'script' && text.startsWith(toldToWaitStart);
}

const toldToWaitStart = 'told to wait: place ';

export const firmwareKinds = [
  'uefi-pxe',
  'uefi-http',
  'bios-pxe',
  'ipxe-rom',
  'other-pxe',
  'unknown',
] as const;
export type FirmwareKind = (typeof firmwareKinds)[number];

export const bootStates = ['running', 'stuck', 'up', 'healthy', 'failed'] as const;
/**
 * `stuck`: a step that should have come did not; `up`: its operating system has its configuration and nothing tells
 * whether it is healthy; `failed`: another boot began before its operating system was seen.
 */
export type BootState = (typeof bootStates)[number];

export type Boot = {
  /** `525400123456-1763704800`: whose, and the second it began. */
  readonly id: string;
  /** The hardware address without colons; of one nobody knows, `serial.<serial>` or `address.<address>`. */
  readonly subject: string;
  readonly mac: MacAddress | undefined;
  readonly serial: string | undefined;
  readonly uuid: string | undefined;
  readonly firmware: FirmwareKind;
  readonly steps: readonly BootStep[];
  readonly beganAt: Instant;
  readonly lastAt: Instant;
  /** Another boot of the machine began after it. */
  readonly isOver: boolean;
  /** How many boots in a row, this one included, ended at the same step. */
  readonly inARow: number;
  readonly revision: Revision;
};

export type Diagnosis = {
  readonly state: BootState;
  /** How far it came. */
  readonly reached: BootStepName;
  /** Undefined: nothing is awaited any more. */
  readonly awaited:
    | {
        readonly step: BootStepName;
        /** When what should lead to it happened last. */
        readonly since: Instant;
        /** When it should have come at the latest. */
        readonly deadline: Instant;
      }
    | undefined;
  /** For people; empty while nothing is wrong. */
  readonly cause: string;
  readonly checks: readonly string[];
};
