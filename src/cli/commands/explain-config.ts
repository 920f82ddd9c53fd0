/** `tetsu explain config [MEMBER]`: what a server's configuration file may hold, asked of the reader of that file. */

import { nearestName } from '../../base/nearest-name.ts';
import type { ConfigMember } from '../../sabakan/config-reference.ts';
import { exitCodes, Failure } from '../failure.ts';

/** @param name a member, or one that holds members (`etcd`); undefined: all. */
export function explainConfig(members: readonly ConfigMember[], name: string | undefined): string {
  const found = members.filter(
    ({ path }) => name === undefined || path === name || path.startsWith(`${name}.`),
  );
  if (found.length > 0) return found.map(explained).join('\n\n');
  const near = nearestName(
    name ?? '',
    members.flatMap(({ path }) => namesOf(path)),
  );
  throw new Failure(
    `the configuration has no member ${JSON.stringify(name)}`,
    near === undefined ? 'tetsu explain config lists all' : `did you mean ${near}?`,
    exitCodes.notFound,
  );
}

function explained({ path, holds, otherwise, isSabakans, meaning }: ConfigMember): string {
  return [
    path,
    `  ${meaning.replaceAll('`', '')}`,
    `  it is ${holds.replaceAll('`', '')}`,
    `  default: ${otherwise.replaceAll('`', '')}`,
    ...(isSabakans ? ['  as with Sabakan'] : []),
  ].join('\n');
}

/** `etcd.timeout` can be asked for as itself and as a part of `etcd`. */
function namesOf(path: string): readonly string[] {
  return path.split('.').map((_, at, parts) => parts.slice(0, at + 1).join('.'));
}
