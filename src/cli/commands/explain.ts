/** `tetsu explain machine`: why it is as it is, why it has its address, and what happens next, in sentences. */

import type { MachineV2 } from '../../sabakan/contract/machine.ts';
import type { Get } from '../answer.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { formatAge, printable } from '../table.ts';
import { unknownName } from './list.ts';

export type MachineExplained = {
  readonly machine: MachineV2;
  readonly nextStates: readonly string[];
  readonly health: {
    readonly judged: boolean;
    readonly verdict: { readonly text: string; readonly evidence: readonly string[] };
    readonly waitingFor: readonly string[];
    readonly nextProbeAt?: string | null;
  } | null;
  readonly cluster: { readonly is: string; readonly text: string } | null;
  readonly swap: { readonly text: string } | null;
};

export async function askExplanation(
  get: Get,
  noun: CliNoun,
  serial: string,
): Promise<MachineExplained> {
  const { status, body } = await get(`/api/v2/machines/${encodeURIComponent(serial)}/explain`);
  if (status === 404) throw unknownName(noun, serial);
  return body as MachineExplained;
}

export function explanationText({
  machine,
  nextStates,
  health,
  cluster,
  swap,
}: MachineExplained): string {
  const { spec, network } = machine;
  const { state, since, durationSeconds, reason } = machine.status;
  const [address] = network.nodes;
  const why = reason === null ? 'nobody told why' : `${reason.text} (${reason.by})`;
  const lines = [
    `state: ${state} since ${since} (${formatAge(durationSeconds)}): ${why}`,
    ...(reason?.evidence ?? []).map((fact) => `  ${fact}`),
    `next:  it can become ${nextStates.join(', ')}${nextNote(state)}`,
    `place: rack ${spec.rack}, index ${spec.indexInRack}, as ${spec.role}; registered ${spec.registerDate}${leaves(spec)}`,
    `addresses follow from rack and index: ${spec.ipv4.join(', ') || 'none'}${
      address === undefined ? '' : `, /${address.maskBits} behind ${address.gateway}`
    }; BMC ${spec.bmc.type} ${spec.bmc.ipv4}`,
    ...healthLines(health),
    `cluster: ${cluster === null ? 'none is kept here' : `${cluster.is}: ${cluster.text}`}`,
    ...(swap === null ? [] : [`swap: ${swap.text}`]),
  ];
  return lines.map(printable).join('\n');
}

/** As Sabakan has it, a machine for which no date is set is to go on the day it was registered. */
function leaves({ registerDate, retireDate }: MachineV2['spec']): string {
  return retireDate === registerDate ? '' : `, to go ${retireDate}`;
}

function nextNote(state: string): string {
  if (state === 'retiring') return ', once no disk key of it is left';
  return state === 'retired' ? ', or be removed (tetsu delete machine)' : '';
}

function healthLines(health: MachineExplained['health']): readonly string[] {
  if (health === null) return ['health: this server does not probe; the leader does, if any'];
  const { verdict, waitingFor, nextProbeAt } = health;
  return [
    `health: ${verdict.text}${nextProbeAt ? `; probed next at ${nextProbeAt}` : ''}`,
    ...verdict.evidence.map((fact) => `  ${fact}`),
    ...waitingFor.map((reason) => `  held: ${reason}`),
  ];
}
