/**
 * Which network cards registered machines have, `tetsukan/known-macs/<MAC>`: learned when a machine asks for its script
 * from an address that is leased to the card. By them a stranger that only says another's serial number is told apart.
 */

import { parseMac } from '../../base/addresses.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Rfc3339 } from '../../base/time.ts';

export const knownMacPrefix = 'tetsukan/known-macs/';

export type KnownMac = {
  readonly mac: string;
  readonly serial: string;
  readonly at: Rfc3339;
  /** Of the machine it is in, where it said one. */
  readonly uuid?: string;
  /** Of its relay and circuit, where it came over one. */
  readonly relay?: string;
  readonly circuit?: string;
};

export function knownMacKey(mac: string): string {
  return `${knownMacPrefix}${mac.replaceAll(':', '-')}`;
}

export function encodeKnownMac({ mac: _, ...known }: KnownMac): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(known));
}

/** @param name the key without its prefix. */
export function decodeKnownMac(name: string, bytes: Uint8Array): Result<KnownMac, string> {
  const mac = parseMac(name.replaceAll('-', ':'));
  if (!mac.ok) return fail('its key is no MAC address');
  try {
    const { serial, at, uuid, relay, circuit } = JSON.parse(
      new TextDecoder().decode(bytes),
    ) as Record<string, unknown>;
    if (typeof serial !== 'string' || typeof at !== 'string') return fail('it has no serial');
    return ok({
      mac: mac.value,
      serial,
      at: at as Rfc3339,
      ...(typeof uuid === 'string' ? { uuid } : {}),
      ...(typeof relay === 'string' ? { relay } : {}),
      ...(typeof circuit === 'string' ? { circuit } : {}),
    });
  } catch {
    return fail('it is no JSON');
  }
}
