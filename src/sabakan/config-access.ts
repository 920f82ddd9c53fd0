/** The members of the configuration that say who may do what. */

import type { AllowedNetwork } from './allow-ips.ts';
import { parseAllowedNetwork } from './allow-ips.ts';
import type { Section } from './config-reader.ts';
import { oneOf } from './config-values.ts';
import { type AccessLimits, type AccessSettings, accessLimitsDefault } from './who/settings.ts';

export function readAccess(root: Section): AccessSettings {
  const auth = oneOf(root, 'auth', ['open', 'required'] as const, 'open');
  const usual = auth === 'open' ? 'admin' : 'none';
  const mutations = oneOf(root, 'graphql-mutations', ['allow-ips', 'anyone'] as const, 'allow-ips');
  if (auth === 'required' && mutations === 'anyone') {
    root.mistake('graphql-mutations', 'cannot be anyone where auth is required');
  }
  return {
    auth,
    allowIps: allowedNetworks(root),
    allowIpsRole: oneOf(root, 'auth-allow-ips', ['admin', 'none'] as const, usual),
    openMutations: mutations === 'anyone',
    certificateRoles: new Map(),
    limits: readLimits(root.section('limits')),
  };
}

const most = 1_000_000;

function readLimits(limits: Section): AccessLimits {
  const usual = accessLimitsDefault;
  const count = (name: string, otherwise: number) => limits.integer(name, otherwise, [1, most]);
  const read: AccessLimits = {
    requestsPerSecond: count('requests-per-second', usual.requestsPerSecond),
    requestsBurst: count('requests-burst', usual.requestsBurst),
    watchesPerCaller: count('watches-per-caller', usual.watchesPerCaller),
    wrongTokensBurst: count('wrong-tokens-burst', usual.wrongTokensBurst),
    wrongTokensPerMinute: count('wrong-tokens-per-minute', usual.wrongTokensPerMinute),
  };
  limits.refuseOthers();
  return read;
}

function allowedNetworks(root: Section): readonly AllowedNetwork[] {
  return root.texts('allow-ips', ['127.0.0.1', '::1']).flatMap((text, at) => {
    const network = parseAllowedNetwork(text);
    if (!network.ok) root.mistake(`allow-ips/${at}`, network.error);
    return network.ok ? [network.value] : [];
  });
}
