/** Which options of a read request we grant (RFC 2347, 2348, 2349, 7440). */

import type { Options } from './packet.ts';

export type NegotiationLimits = {
  /** Largest `blksize` granted: 1468 fills an Ethernet frame without fragments. */
  readonly blockBytesMax: number;
  /** Largest `windowsize` granted; some clients fail above 64. */
  readonly windowBlocksMax: number;
};

export const defaultNegotiationLimits: NegotiationLimits = {
  blockBytesMax: 1468,
  windowBlocksMax: 64,
};

export type Agreement = {
  readonly blockBytes: number;
  readonly windowBlocks: number;
  /** What the client wants between copies, instead of our own timer. */
  readonly timeoutSeconds: number | undefined;
  /** What the OACK says; empty: no OACK, DATA 1 at once. */
  readonly granted: Options;
};

const blockBytesDefault = 512;
const blockBytesMin = 8;
const blockBytesRfcMax = 65_464;
const windowBlocksRfcMax = 65_535;
const timeoutSecondsMax = 255;

/**
 * @param sizeBytes the file's length in the transfer's mode; undefined where it is not known (netascii).
 */
export function negotiate(
  options: Options,
  sizeBytes: number | undefined,
  limits: NegotiationLimits,
): Agreement {
  const granted: [string, string][] = [];
  let blockBytes = blockBytesDefault;
  let windowBlocks = 1;
  let timeoutSeconds: number | undefined;
  const seen = new Set<string>();
  for (const [name, text] of options) {
    const option = name.toLowerCase();
    // RFC 2347 section 2: an option is specified once; the first one counts.
    if (seen.has(option)) continue;
    seen.add(option);
    const value = wholeNumber(text);
    if (value === undefined) continue;
    switch (option) {
      case 'blksize':
        if (value < blockBytesMin || value > blockBytesRfcMax) break;
        blockBytes = Math.min(value, limits.blockBytesMax);
        granted.push([name, String(blockBytes)]);
        break;
      case 'windowsize':
        if (value < 1 || value > windowBlocksRfcMax) break;
        windowBlocks = Math.min(value, limits.windowBlocksMax);
        granted.push([name, String(windowBlocks)]);
        break;
      case 'tsize':
        // RFC 2349 section 3: a reader asks with 0, and some with whatever was in memory.
        if (sizeBytes !== undefined) granted.push([name, String(sizeBytes)]);
        break;
      case 'timeout':
        if (value < 1 || value > timeoutSecondsMax) break;
        timeoutSeconds = value;
        granted.push([name, String(value)]);
        break;
    }
  }
  return { blockBytes, windowBlocks, timeoutSeconds, granted };
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
