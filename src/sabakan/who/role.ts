/** Roles and what a route asks for: the two sides of every permission. */

import type { AccessRole } from '../contract/operation.ts';

/** Ascending: each may do what the ones before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const satisfies readonly AccessRole[];

/**
 * `open`: whoever can reach us. `boot`: what firmware and a booting system ask for, which have no credentials. Both are
 * given to everybody whatever the configuration says; the difference is why.
 */
export type Permission = 'open' | 'boot' | AccessRole;

export function isRole(text: unknown): text is AccessRole {
  return roles.some((role) => role === text);
}

/** Undefined is the role of a stranger. */
export function suffices(role: AccessRole | undefined, needs: Permission): boolean {
  if (needs === 'open' || needs === 'boot') return true;
  return role !== undefined && roles.indexOf(role) >= roles.indexOf(needs);
}
