/** The network cards of registered machines, by card and by machine: a view of `tetsukan/known-macs/`. */

import type { MacAddress } from '../../base/addresses.ts';
import type { Mirror } from '../../base/mirror.ts';
import type { KnownMac } from './known-macs.ts';

export type Cards = {
  /** Whoever it belongs to, registered still or not. */
  readonly of: (mac: string) => KnownMac | undefined;
  readonly ofSerial: (serial: string) => readonly KnownMac[];
  readonly all: () => readonly KnownMac[];
};

/** What people ask who a machine is: a card that was approved or learned says more than what its firmware claimed. */
export type CardOwners = {
  /** Serial number of the registered machine that the card belongs to for certain. */
  readonly serialOf: (mac: MacAddress) => string | undefined;
  /** The card of a registered machine that was approved or learned last. */
  readonly macOf: (serial: string) => MacAddress | undefined;
};

export function createCards(
  mirror: Pick<Mirror<KnownMac>, 'get' | 'entries' | 'subscribe'>,
): Cards {
  const bySerial = new Map<string, Map<string, KnownMac>>();
  mirror.subscribe((changes) => {
    for (const { key, before, value } of changes) {
      if (before !== undefined) bySerial.get(before.serial)?.delete(key);
      if (value === undefined) continue;
      const cards = bySerial.get(value.serial) ?? new Map<string, KnownMac>();
      bySerial.set(value.serial, cards.set(key, value));
    }
  });
  return {
    of: (mac) => mirror.get(mac.replaceAll(':', '-')),
    ofSerial: (serial) => [...(bySerial.get(serial)?.values() ?? [])],
    all: () => mirror.entries().map(([, known]) => known),
  };
}

export function cardOwners(cards: Cards, isRegistered: (serial: string) => boolean): CardOwners {
  return {
    serialOf: (mac) => {
      const serial = cards.of(mac)?.serial;
      return serial !== undefined && isRegistered(serial) ? serial : undefined;
    },
    macOf: (serial) => {
      const [first, ...others] = cards.ofSerial(serial);
      const last = others.reduce((best, one) => (best && best.at > one.at ? best : one), first);
      return isRegistered(serial) ? (last?.mac as MacAddress | undefined) : undefined;
    },
  };
}
