/** A brake that holds: what it holds, the figures behind it, and what would release it. */

export type RefusalKind =
  | 'inventory-not-live'
  | 'inventory-empty'
  | 'inventory-shrunken'
  | 'store-rewound'
  | 'control-planes-vanished'
  | 'control-planes-silent'
  | 'many-down'
  | 'clock-jumped'
  | 'stopped'
  | 'template-missing'
  | 'template-lacks-role'
  | 'sink-foreign'
  | 'sink-unreadable'
  | 'record-unreadable'
  | 'plan-changes-majority'
  | 'plan-removes-too-many'
  | 'plan-miscounts-control-planes'
  | 'plan-repeats-address';

export type Refusal = {
  readonly kind: RefusalKind;
  /** What is held: everything, or all but taints. */
  readonly holds: 'everything' | 'all-but-taints';
  readonly text: string;
  /** The figures behind it, by name. */
  readonly numbers: Readonly<Record<string, number>>;
  /** What would let the plan go on. */
  readonly release: string;
};

/** Refusals that a person may overrule for a while, having looked. */
export const acknowledgeable: readonly RefusalKind[] = [
  'inventory-shrunken',
  'many-down',
  'clock-jumped',
];
