/** Hardware addresses as people type them: from a label, a switch, a screen. */

import { type MacAddress, parseMac } from '../base/addresses.ts';

/** Undefined where it is none; twelve digits without anything between them may be a serial number. */
export function macNamed(name: string): MacAddress | undefined {
  const mac = parseMac(name);
  return /[:.-]/.test(name) && mac.ok ? mac.value : undefined;
}

/** What a column `mac` is asked for, as the server writes it; what is none goes there as it is. */
export function macValue(value: string): string {
  const mac = parseMac(value);
  return mac.ok ? mac.value : value;
}
