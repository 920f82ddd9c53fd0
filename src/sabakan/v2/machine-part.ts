/** Machines: the noun, its writes, its previews, and what is decided about one. */

import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import { explainMachine, machineReads } from '../contract/machine-operations.ts';
import { machineExplained, type PlanReader, type ViewParts } from '../v2-views.ts';
import type { Works } from '../works/desk.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import { bootJson } from './boots.ts';
import { json } from './collection-endpoints.ts';
import { ignitionEndpoints } from './ignition.ts';
import { bulkEndpoint } from './machine-bulk.ts';
import { registerEndpoint } from './machine-register.ts';
import { machineWriteEndpoints } from './machine-writes.ts';
import { machineCollection } from './machines.ts';

export type MachinePartDeps = ViewParts & {
  readonly works: Works;
  readonly clock: Clock;
  /** Stands in the audit log. */
  readonly serverName: string;
  readonly pxe: Pick<Pxe, 'templates' | 'choose' | 'leases' | 'boots'>;
};

export function machinePart(deps: MachinePartDeps, currentPlan: PlanReader): ApiPart {
  const { clock, inventory, pxe } = deps;
  const machines = machineCollection(inventory, clock);
  return collectionPart(machineReads, machines, 'serial', clock, [
    registerEndpoint(machines, deps),
    ...machineWriteEndpoints(machines, deps),
    bulkEndpoint(machines, deps),
    {
      operation: explainMachine,
      handle: async ({ parameters }) => {
        const serial = parameters.get('serial') ?? '';
        const found = machines.find(serial);
        if (!found.ok) return fail({ problem: found.error });
        if (found.value === undefined) {
          const text = `no machine has the serial ${serial}; upper and lower case matter`;
          return fail({ problem: { kind: 'not-found', text } });
        }
        const explained = await machineExplained(deps, currentPlan, found.value);
        const boot = pxe.boots.ofSerial(found.value.spec.serial);
        return ok(
          json({
            machine: machines.toJson(found.value, clock.now()),
            ...explained,
            boot: boot === undefined ? null : bootJson(pxe.boots, boot),
          }),
        );
      },
    },
    ...ignitionEndpoints(machines, pxe),
  ]);
}
