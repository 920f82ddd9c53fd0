/** The demo's command line. */

import { fail, ok, type Result } from '../../base/result.ts';
import { rackMachinesMax, racksMax } from '../documents.ts';

export type DemoOptions = {
  readonly machines: number;
  readonly racks: number;
  readonly seed: string;
  /** Exit when the swap is done. */
  readonly once: boolean;
  /** How much faster than real firmware the machines go through their own waits. */
  readonly hurry: number;
};

export const usage = `npm run demo -- [options]

One server on an embedded etcd, and racks of simulated machines that really boot from it over loopback.

  --once           end with exit code 0 when a failed machine has been swapped
  --machines N     how many machines, default 56
  --racks N        in how many racks, default 2 (at most ${rackMachinesMax} machines each)
  --seed TEXT      decides MAC addresses, UUIDs and who fails, default "demo"
  --hurry N        firmware waits are N times shorter than measured, default 5
  --help           this text
`;

/** A cluster of three control planes, a worker to fail and a spare to replace it. */
const machinesMin = 8;

/** @returns options, `help`, or every mistake at once. */
export function parseDemoOptions(
  words: readonly string[],
): Result<DemoOptions | 'help', readonly string[]> {
  const given = new Map<string, string>([
    ['machines', '56'],
    ['racks', '2'],
    ['seed', 'demo'],
    ['hurry', '5'],
  ]);
  const mistakes: string[] = [];
  let once = false;
  for (let at = 0; at < words.length; at += 1) {
    const [name = '', attached] = (words[at] ?? '').split(/=(.*)/s);
    if (name === '--help' || name === '-h') return ok('help');
    if (name === '--once') {
      once = true;
    } else if (name.startsWith('--') && given.has(name.slice(2))) {
      at += attached === undefined ? 1 : 0;
      const value = attached ?? words[at];
      if (value === undefined) mistakes.push(`${name} needs a value`);
      else given.set(name.slice(2), value);
    } else {
      mistakes.push(`no option "${words[at]}"; see --help`);
    }
  }
  const count = (name: string, least: number, most: number): number => {
    const text = given.get(name) ?? '';
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      mistakes.push(`--${name} is "${text}", must be a whole number from ${least} to ${most}`);
    }
    return value;
  };
  const racks = count('racks', 1, racksMax);
  const machines = count('machines', machinesMin, racksMax * rackMachinesMax);
  const hurry = count('hurry', 1, 1_000);
  if (machines > racks * rackMachinesMax) {
    mistakes.push(
      `${machines} machines do not fit into ${racks} racks of ${rackMachinesMax}; give --racks ${Math.ceil(machines / rackMachinesMax)}`,
    );
  }
  if (mistakes.length > 0) return fail(mistakes);
  return ok({ machines, racks, hurry, once, seed: given.get('seed') ?? '' });
}
