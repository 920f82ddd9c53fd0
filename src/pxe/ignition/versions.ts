/** The versions of Ignition's configuration that templates may have. */

import type { Shape } from './shape.ts';
import { ignition2Shape } from './spec2-schema.ts';
import { ignition3Shape } from './spec3-schema.ts';

export const ignitionVersions = ['2.2', '2.3', '3.0', '3.1', '3.2', '3.3', '3.4', '3.5'] as const;
export type IgnitionVersion = (typeof ignitionVersions)[number];

export function shapeOf(version: IgnitionVersion): Shape {
  if (version === '2.2' || version === '2.3') return ignition2Shape(version);
  return ignition3Shape(Number(version.slice(2)));
}

/**
 * Sabakan 3.1.9 drops members that Ignition 2 does not know, silently; its users may have such templates. For 3.x,
 * which is ours, an unknown member is refused.
 */
export function isStrict(version: IgnitionVersion): boolean {
  return version.startsWith('3.');
}
