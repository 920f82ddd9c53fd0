/** Of which noun the names are that stand on a command line: an argument's, an option's. */

import type { Command, Option } from 'commander';
import type { CliNoun } from '../nouns/noun.ts';
import { nouns } from '../nouns.ts';

/** Commands whose own word is no noun, or not the one that is meant, by their path below `tetsu`. */
const byPath: Readonly<Record<string, readonly string[]>> = {
  'explain boot': ['machines', 'discoveries'],
  'explain lease': ['leases'],
  // Members of a server's file, of which no server is asked.
  'explain config': [],
  capture: ['machines', 'discoveries'],
  retire: ['machines'],
  'ignition preview': ['machines'],
  approve: ['discoveries'],
  reject: ['discoveries'],
  'network set': ['networks'],
  'channel set': ['channels'],
  'boot-rule set': ['boot-rules'],
  'discovery-rule set': ['discovery-rules'],
  'brake lift': ['brakes'],
  'token revoke': ['tokens'],
};

/** Options that name something: `channel set stable --image 4152.0.0`. */
const byOption: Readonly<Record<string, string>> = {
  image: 'images',
  channel: 'channels',
  serial: 'machines',
  rack: 'racks',
  network: 'networks',
};

/** `get machines`, `describe machine SERIAL`, `explain boot SERIAL`; what it selects by, first. */
export function nounsNamedBy(command: Command): readonly CliNoun[] {
  const path = [command.parent?.name(), command.name()].join(' ');
  const named = byPath[path] ?? byPath[command.name()];
  const words = [command.name(), ...command.aliases()];
  if (named === undefined) return nouns.filter(({ names }) => names.some((n) => words.includes(n)));
  return named.flatMap((name) => nounOf(name));
}

export function namedNoun(option: Option): readonly CliNoun[] {
  const name = byOption[option.attributeName()];
  return name === undefined ? [] : nounOf(name);
}

function nounOf(name: string): readonly CliNoun[] {
  return nouns.filter(({ names }) => names[0] === name);
}
