/** What the flight recorder keeps of a sighting, as it is read back: less of a datagram and of a text than there may have been. */

import type { DhcpSighting, Frame, HttpSighting, Sighting, TftpSighting } from '../sightings.ts';

/** `missing`: octets at its end that were not kept. */
export type RecordedFrame = Frame & { readonly missing: number };

export type RecordedDhcp = Pick<
  DhcpSighting,
  'by' | 'at' | 'mac' | 'answer' | 'reason' | 'address'
> & {
  readonly relay: Pick<NonNullable<DhcpSighting['relay']>, 'address'> | undefined;
  readonly received: RecordedFrame;
  readonly sent: RecordedFrame | undefined;
};

export type RecordedTftp = TftpSighting & { readonly missing: number };

export type Recorded = RecordedDhcp | RecordedTftp | HttpSighting;

/** Of each datagram: more than an Ethernet frame carries, so only what came in fragments is cut. */
export const payloadBytesMax = 2_048;
/** Characters of each text that a client sent. */
export const textMax = 1_000;

/** Progress says nothing that the end does not say. */
export function isProgress(sighting: Sighting): boolean {
  if (sighting.by === 'tftp') return sighting.kind === 'moving';
  return sighting.by === 'http' && sighting.phase === 'moving';
}
