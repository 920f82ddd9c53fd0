/** `tetsu retire`: out of service for good, step by legal step. */

import type { MachineV2 } from '../../sabakan/contract/machine.ts';
import type { Send } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { eachOf, mustAllBeDone, type Outcome, type Progress } from '../many.ts';
import { type Changed, changeMachines } from './change-machines.ts';

export type Retirement = {
  readonly date: string | undefined;
  readonly reason: string;
  readonly dryRun: boolean;
};

/** What people should know that comes after the first step. */
export const whatFollows = `what follows: the disk keys are destroyed (DELETE /api/v1/crypts/SERIAL over HTTPS),
then they can be retired (tetsu state machines … retired) and removed (tetsu delete machines …);
tetsu retire … --all-the-way does these steps, --wait waits until somebody else has`;

/** The first step: those that are on their way already are left as they are. */
export async function beginRetirement(
  send: Send,
  machines: readonly MachineV2[],
  { date, reason, dryRun }: Retirement,
): Promise<readonly Outcome<Changed>[]> {
  const names = machines
    .filter(({ status }) => status.state !== 'retired')
    .map(({ serial }) => serial);
  const spec = date === undefined ? {} : { spec: { retireDate: date } };
  const patch = { ...spec, status: { state: 'retiring', reason: { text: reason } } };
  const changed = names.length === 0 ? [] : await changeMachines(send, names, { patch }, dryRun);
  const retired = machines.filter(({ status }) => status.state === 'retired');
  const same = { ok: true, value: { isChanged: false } } as const;
  return [...changed, ...retired.map(({ serial }) => ({ name: serial, result: same }))];
}

/**
 * Keys, retired, removed. A machine whose keys cannot be destroyed stays where it is.
 * @param done is told each step that is behind them
 */
export async function finishRetirement(
  send: Send,
  names: readonly string[],
  reason: string,
  progressOf: (label: string) => Progress,
  done: (text: string) => void,
): Promise<void> {
  const keys = await eachOf(names, progressOf('destroying disk keys'), async (name) => {
    const path = `/api/v1/crypts/${encodeURIComponent(name)}`;
    const { status } = await send('DELETE', path);
    if (status === 404) throw keysElsewhere(name);
  });
  mustAllBeDone(keys, 'machine', 'freed of their disk keys');
  done('their disk keys are destroyed');
  const patch = { status: { state: 'retired', reason: { text: reason } } };
  mustAllBeDone(await changeMachines(send, names, { patch }, false), 'machine', 'retired');
  done('they are retired');
  mustAllBeDone(await changeMachines(send, names, { delete: true }, false), 'machine', 'removed');
  done('they are removed; their indices and addresses are free');
}

function keysElsewhere(name: string): Failure {
  return new Failure(
    `the disk keys of ${name} cannot be destroyed through this address`,
    'disk keys are only behind the HTTPS listener: --server https://…:10443',
    exitCodes.denied,
  );
}
