/** What the configuration says about who may do what. */

import type { AllowedNetwork } from '../allow-ips.ts';
import type { AccessRole } from '../contract/operation.ts';

export type AccessSettings = {
  /** `open` is Sabakan's rule: everybody reads. `required`: nothing without a credential, but for booting and health. */
  readonly auth: 'open' | 'required';
  readonly allowIps: readonly AllowedNetwork[];
  /** Whether an address in `allowIps` is all that an administrator needs to show. */
  readonly allowIpsRole: 'admin' | 'none';
  /** GraphQL's mutations are open to every peer, as with Sabakan. */
  readonly openMutations: boolean;
  /** Client certificates of the configured authority: common name → role. */
  readonly certificateRoles: ReadonlyMap<string, AccessRole>;
  readonly limits: AccessLimits;
};

export type AccessLimits = {
  /** Of one token, or of one address where there is none. */
  readonly requestsPerSecond: number;
  /** At once, after a pause. */
  readonly requestsBurst: number;
  readonly watchesPerCaller: number;
  /** Of one address, before it has to wait. */
  readonly wrongTokensBurst: number;
  readonly wrongTokensPerMinute: number;
};

/** A loop of scripts, CKE's searches and a page that is open in every office stay far below these. */
export const accessLimitsDefault: AccessLimits = {
  requestsPerSecond: 1_000,
  requestsBurst: 10_000,
  watchesPerCaller: 1_500,
  wrongTokensBurst: 10,
  wrongTokensPerMinute: 10,
};

/** Sabakan's rule. */
export const accessDefault: Omit<AccessSettings, 'allowIps' | 'openMutations'> = {
  auth: 'open',
  allowIpsRole: 'admin',
  certificateRoles: new Map(),
  limits: accessLimitsDefault,
};
