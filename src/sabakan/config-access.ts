/** The members of the configuration that say who may do what. */

import type { Endpoint } from '../base/world.ts';
import type { AllowedNetwork } from './allow-ips.ts';
import { parseAllowedNetwork } from './allow-ips.ts';
import type { Section } from './config-reader.ts';
import { absolutePath, endpoint, oneOf } from './config-values.ts';
import type { AccessRole } from './contract/operation.ts';
import type { TlsFiles } from './tls-files.ts';
import { isRole, roles } from './who/role.ts';
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
    certificateRoles: readClientRoles(root.section('api-https')),
    limits: readLimits(root.section('limits')),
  };
}

export type ApiHttps = { readonly listen: Endpoint; readonly files: TlsFiles };

/**
 * The whole API over TLS on an address of its own; undefined: it is off.
 *
 * @param otherwise certificate and key where the section names none.
 */
export function readApiHttps(root: Section, otherwise: TlsFiles): ApiHttps | undefined {
  const section = root.section('api-https');
  const isOn = section.optionalText('listen') !== undefined;
  const clientCa = absolutePath(section, 'client-ca', '');
  const files: TlsFiles = {
    cert: section.text('cert', otherwise.cert),
    key: section.text('key', otherwise.key),
    ...(clientCa === '' ? {} : { clientCa }),
    configured: true,
  };
  if (Object.keys(section.mapping('client-roles')).length > 0 && clientCa === '') {
    section.mistake('client-roles', 'needs client-ca, the authority that signs those certificates');
  }
  if (section.has('cert') !== section.has('key')) {
    section.mistake('cert', 'and key belong together; give both or neither');
  }
  const listen = isOn ? endpoint(section, 'listen', '0.0.0.0:10444') : undefined;
  section.refuseOthers();
  return listen === undefined ? undefined : { listen, files };
}

function readClientRoles(section: Section): ReadonlyMap<string, AccessRole> {
  const found = new Map<string, AccessRole>();
  for (const [name, role] of Object.entries(section.mapping('client-roles'))) {
    if (isRole(role)) found.set(name, role);
    else {
      const text = `must be one of ${roles.join(', ')}, not ${JSON.stringify(role)}`;
      section.mistake(`client-roles/${name}`, text);
    }
  }
  return found;
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
