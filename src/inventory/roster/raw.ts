/** What a file says of a machine before anybody has judged it: texts and numbers, each with its place. */

import type { Spot } from '../roster-spot.ts';

export type Given =
  | { readonly kind: 'text'; readonly text: string }
  /** As it is written: `00123` is no serial 123. */
  | { readonly kind: 'number'; readonly source: string }
  | { readonly kind: 'null' }
  /** Anything else, for a sentence: `a list`, `the truth value yes`. */
  | { readonly kind: 'other'; readonly says: string };

export type RawField = { readonly given: Given; readonly spot: Spot };

export type RawMachine = {
  /** Of the row, or of the object. */
  readonly spot: Spot;
  /** What the members are called in this file, for sentences. */
  readonly names: Readonly<Record<RawName, string>>;
  readonly fields: Readonly<Partial<Record<RawName, RawField>>>;
  readonly labels: readonly (readonly [name: string, value: RawField, nameSpot: Spot])[];
};

export const rawNames = ['serial', 'rack', 'role', 'bmcType', 'retireDate'] as const;
export type RawName = (typeof rawNames)[number];
