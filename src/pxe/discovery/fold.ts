/** A machine's signs, folded into what is known of it. */

import type { MacAddress } from '../../base/addresses.ts';
import { formatInstant, type Instant, instantOf, msBetween } from '../../base/time.ts';
import {
  type Claims,
  type Discovery,
  discoveryId,
  macsMax,
  type Place,
  type Sign,
  signs,
} from '../discovery.ts';

export type Note = {
  readonly mac: MacAddress;
  readonly at: Instant;
  readonly signs: readonly Sign[];
  readonly claims: Claims;
  readonly macs: readonly MacAddress[];
  readonly place: Place;
  readonly facts?: unknown;
};

/** A machine that waits asks every few seconds; that it is still there is written once a minute. */
const seenEveryMs = 60_000;

/** The later word replaces the earlier one, and what is not said again stays. */
export function joinNotes(earlier: Note, later: Note): Note {
  const facts = later.facts ?? earlier.facts;
  return {
    mac: later.mac,
    at: later.at,
    signs: signs.filter((sign) => earlier.signs.includes(sign) || later.signs.includes(sign)),
    claims: { ...earlier.claims, ...later.claims },
    macs: joined(earlier.macs, later.macs),
    place: joinedPlace(earlier.place, later.place),
    ...(facts === undefined ? {} : { facts }),
  };
}

/** @returns the very same value when the note says nothing new. */
export function foldNote(before: Discovery | undefined, note: Note): Discovery {
  const at = formatInstant(note.at);
  const facts = note.facts === undefined ? {} : { facts: { at, json: note.facts } };
  if (before === undefined) {
    const { mac, claims, place } = note;
    const macs = joined([mac], note.macs);
    const times = { firstSeen: at, lastSeen: at };
    const id = discoveryId(mac);
    return {
      ...{ id, mac, state: 'waiting', ...times, signs: note.signs, claims, macs, place, wish: {} },
      ...facts,
    };
  }
  const after: Discovery = {
    ...before,
    signs: signs.filter((sign) => before.signs.includes(sign) || note.signs.includes(sign)),
    claims: { ...before.claims, ...note.claims },
    macs: joined(before.macs, note.macs),
    place: joinedPlace(before.place, note.place),
    ...facts,
  };
  const isSame = JSON.stringify({ ...after, wish: 0 }) === JSON.stringify({ ...before, wish: 0 });
  if (isSame && msBetween(instantOf(before.lastSeen), note.at) < seenEveryMs) return before;
  const isLater = instantOf(before.lastSeen) < note.at;
  return { ...after, lastSeen: isLater ? at : before.lastSeen };
}

/** What a lease has proven is not unsaid by a mere claim. */
function joinedPlace(before: Place, later: Place): Place {
  const proof = before.proof === 'lease' ? { proof: 'lease' } : {};
  return { ...before, ...later, ...proof };
}

function joined(before: readonly MacAddress[], more: readonly MacAddress[]): readonly MacAddress[] {
  return [...new Set([...before, ...more])].slice(0, macsMax);
}
