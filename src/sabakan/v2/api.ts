/** `/api/v2`: every operation of the contract and who answers it. */

import { fail, ok } from '../../base/result.ts';
import type { Clock } from '../../base/world.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import {
  explainMachine,
  getMachine,
  getOpenApi,
  getPlan,
  getRack,
  getStatus,
  listMachines,
  listRacks,
  operations,
} from '../contract/operations.ts';
import type { Route } from '../exchange.ts';
import { published } from '../published.ts';
import { createPlanReader, machineExplained, planJson, type ViewParts } from '../v2-views.ts';
import { getEndpoint, json, listEndpoint } from './collection-endpoints.ts';
import { type Endpoint, endpointRoutes } from './endpoint.ts';
import { ignitionEndpoints } from './ignition.ts';
import { machineCollection } from './machines.ts';
import { openApiDocument } from './openapi.ts';
import { rackCollection } from './racks.ts';

export type ApiDeps = ViewParts & {
  readonly clock: Clock;
  readonly version: string;
  readonly pxe: Pick<Pxe, 'templates'>;
  readonly status: () => unknown;
};

/** @returns the route for what follows `/api/v2/` in a path. */
export function createApi(deps: ApiDeps): (path: string) => Route {
  const { clock, inventory } = deps;
  const currentPlan = createPlanReader(deps);
  const machines = machineCollection(inventory);
  const racks = rackCollection(inventory);
  const description = openApiDocument(operations, deps.version);

  const endpoints: readonly Endpoint[] = [
    listEndpoint(listMachines, machines, clock),
    getEndpoint(getMachine, machines, 'serial', clock),
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
        return ok(json({ machine: machines.toJson(found.value, clock.now()), ...explained }));
      },
    },
    ...ignitionEndpoints(machines, deps.pxe.templates),
    {
      operation: getPlan,
      handle: async () => {
        const view = await currentPlan();
        if (view !== undefined) return ok(json(planJson(view)));
        const text = 'there is no plan: this server has no `cluster` in its configuration';
        return fail({ problem: { kind: 'not-found', text } });
      },
    },
    listEndpoint(listRacks, racks, clock),
    getEndpoint(getRack, racks, 'rack', clock),
    { operation: getStatus, handle: async () => ok(json(published(deps.status()))) },
    { operation: getOpenApi, handle: async () => ok(json(description)) },
  ];
  return endpointRoutes(endpoints);
}
