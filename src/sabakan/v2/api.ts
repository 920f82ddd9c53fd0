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
  watchMachines,
  watchRacks,
} from '../contract/operations.ts';
import type { Route } from '../exchange.ts';
import { published } from '../published.ts';
import { createPlanReader, machineExplained, planJson, type ViewParts } from '../v2-views.ts';
import { getEndpoint, json, listEndpoint } from './collection-endpoints.ts';
import { type Endpoint, endpointRoutes } from './endpoint.ts';
import { ignitionEndpoints } from './ignition.ts';
import { createJournal } from './journal.ts';
import { registerEndpoint } from './machine-register.ts';
import { machineWriteEndpoints } from './machine-writes.ts';
import { machineCollection } from './machines.ts';
import { openApiDocument } from './openapi.ts';
import { rackCollection } from './racks.ts';
import { createWatchHub } from './watch.ts';
import { watchEndpoint } from './watch-endpoint.ts';

export type ApiDeps = ViewParts & {
  readonly clock: Clock;
  readonly version: string;
  /** Stands in the audit log. */
  readonly serverName: string;
  readonly pxe: Pick<Pxe, 'templates'>;
  readonly status: () => unknown;
};

export type Api = {
  /** The route for what follows `/api/v2/` in a path. */
  readonly routeOf: (path: string) => Route;
  /** How many watches are open. */
  readonly watchers: () => number;
  /** Ends all watches: what is open would hold up a server that stops. */
  readonly stop: () => void;
};

export function createApi(deps: ApiDeps): Api {
  const { clock, inventory } = deps;
  const currentPlan = createPlanReader(deps);
  const machines = machineCollection(inventory);
  const racks = rackCollection(inventory);
  const machineHub = createWatchHub(machines, createJournal(machines), clock);
  const rackHub = createWatchHub(racks, createJournal(racks), clock);
  const description = openApiDocument(operations, deps.version);

  const endpoints: readonly Endpoint[] = [
    listEndpoint(listMachines, machines, clock),
    getEndpoint(getMachine, machines, 'serial', clock),
    watchEndpoint(watchMachines, machines, machineHub, clock),
    registerEndpoint(machines, deps),
    ...machineWriteEndpoints(machines, deps),
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
    watchEndpoint(watchRacks, racks, rackHub, clock),
    { operation: getStatus, handle: async () => ok(json(published(deps.status()))) },
    { operation: getOpenApi, handle: async () => ok(json(description)) },
  ];
  return {
    routeOf: endpointRoutes(endpoints),
    watchers: () => machineHub.watchers() + rackHub.watchers(),
    stop: () => {
      machineHub.stop();
      rackHub.stop();
    },
  };
}
