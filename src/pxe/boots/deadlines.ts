/**
 * How long each step may let itself be waited for, counted from what leads to it. Measured with SeaBIOS, OVMF 2022.11
 * and iPXE of 2019 and 2026 under QEMU without KVM, whose programs are slower than any server's; a transfer has no
 * deadline of its own, only its standing still has.
 */

import type { BootStepName, FirmwareKind } from '../boot.ts';

type Patience = { readonly ms: number; readonly kinds?: Partial<Record<FirmwareKind, number>> };

/** From the step before to the one named. */
export const patience: Partial<Record<BootStepName, Patience>> = {
  // OVMF collects offers for 3.8 s and repeats its DISCOVER after 4 and 8 s; iPXE takes 3 s.
  'firmware-ack': { ms: 13_000, kinds: { 'bios-pxe': 10_000 } },
  // 0.1 s after the ACK, in each kind; one lost packet costs a second or four.
  loader: { ms: 10_000 },
  // undionly.kpxe 5.5 s, snponly.efi 5 s, ipxe.efi 9.2 s from the loader's last byte.
  'ipxe-offer': { ms: 40_000 },
  'ipxe-ack': { ms: 15_000 },
  // iPXE of 2019 waits 13 s for a router advertisement between its ACK and the script.
  'chain-script': { ms: 30_000 },
  script: { ms: 10_000 },
  kernel: { ms: 10_000 },
  initrd: { ms: 15_000 },
  // 3.4 to 4.9 s to /init there; servers with a lot of memory and many disks take minutes.
  ignition: { ms: 240_000 },
  // The first probes that are answered, and a state that is judged from several.
  healthy: { ms: 600_000 },
};

/** A transfer in which nothing moved for so long stands still; it is told every 5 s while it moves. */
export const standstillMs = 30_000;

/** One that was told to wait for its turn asks every 5 s; its place is kept for 16 s, on a day when everything is slow. */
export const turnPatienceMs = 20_000;

export function patienceFor(step: BootStepName, firmware: FirmwareKind): number {
  const row = patience[step];
  return row?.kinds?.[firmware] ?? row?.ms ?? 60_000;
}
