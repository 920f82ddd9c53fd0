/** `/api/v2`: every operation of the contract and who answers it. */

import { fail, ok } from '../../base/result.ts';
import type { World } from '../../base/world.ts';
import { getDoctor } from '../contract/doctor.ts';
import { operations } from '../contract/operations.ts';
import { rackReads } from '../contract/rack.ts';
import { getOpenApi, getPlan, getStatus } from '../contract/server-operations.ts';
import type { DoctorReport } from '../doctor/doctor.ts';
import type { Route } from '../exchange.ts';
import { published } from '../published.ts';
import { createPlanReader, planJson } from '../v2-views.ts';
import type { Works } from '../works/desk.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import { type AssetPartDeps, assetPart } from './assets.ts';
import { type BootExplanationDeps, bootExplanationEndpoint } from './boot-explanations.ts';
import { type BootPolicyPartDeps, bootRulePart, channelPart } from './boot-policy.ts';
import { type BootPartDeps, bootPart } from './boots.ts';
import { brakePart } from './brakes.ts';
import { type CaptureDeps, captureEndpoint } from './captures.ts';
import { json } from './collection-endpoints.ts';
import { type ConfigPartDeps, configPart } from './config.ts';
import { type DiscoveryPartDeps, discoveryPart } from './discoveries.ts';
import { discoveryRulePart } from './discovery-rules.ts';
import { type Endpoint, endpointRoutes } from './endpoint.ts';
import { eventPart } from './events.ts';
import { type ImagePartDeps, imagePart } from './images.ts';
import { type KernelParamsPartDeps, kernelParamsPart } from './kernel-params.ts';
import { type LeasePartDeps, leasePart } from './leases.ts';
import { type MachinePartDeps, machinePart } from './machine-part.ts';
import { type NetworkPartDeps, networkPart } from './networks.ts';
import { createOnce } from './once.ts';
import { openApiDocument } from './openapi.ts';
import { createDocsRoutes } from './page/routes.ts';
import { planPart } from './plans.ts';
import { rackCollection } from './racks.ts';
import { registrationEndpoint } from './registrations.ts';
import { subnetPart } from './subnets.ts';
import { type TemplatePartDeps, templatePart } from './templates.ts';
import { type TokenPartDeps, tokenPart } from './tokens.ts';
import { workPart } from './works.ts';

export type ApiDeps = MachinePartDeps &
  LeasePartDeps &
  ConfigPartDeps &
  KernelParamsPartDeps &
  NetworkPartDeps &
  BootPolicyPartDeps &
  BootExplanationDeps &
  CaptureDeps &
  ImagePartDeps &
  AssetPartDeps &
  TemplatePartDeps &
  TokenPartDeps &
  BootPartDeps &
  DiscoveryPartDeps & {
    readonly world: Pick<World, 'clock' | 'log' | 'store'>;
    readonly works: Works;
    readonly version: string;
    readonly status: () => unknown;
    /** This server examines itself. */
    readonly doctor: () => Promise<DoctorReport>;
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
  const { clock, inventory, world } = deps;
  const currentPlan = createPlanReader(deps);
  const description = openApiDocument(operations, deps.version);
  const server: readonly Endpoint[] = [
    {
      operation: getPlan,
      handle: async () => {
        const view = await currentPlan();
        if (view !== undefined) return ok(json(planJson(view)));
        const text = 'there is no plan: this server has no `cluster` in its configuration';
        return fail({ problem: { kind: 'not-found', text } });
      },
    },
    { operation: getStatus, handle: async () => ok(json(published(deps.status()))) },
    { operation: getDoctor, handle: async () => ok(json(await deps.doctor())) },
    { operation: getOpenApi, handle: async () => ok(json(description)) },
  ];
  const parts: readonly ApiPart[] = [
    machinePart(deps, currentPlan),
    collectionPart(rackReads, rackCollection(inventory, clock), 'rack', clock),
    leasePart(deps),
    bootPart(deps),
    subnetPart(deps),
    configPart(deps),
    imagePart(deps),
    assetPart(deps),
    templatePart(deps),
    eventPart(deps),
    kernelParamsPart(deps),
    networkPart(deps),
    channelPart(deps),
    bootRulePart(deps),
    { endpoints: [bootExplanationEndpoint(deps), captureEndpoint(deps)] },
    { endpoints: [registrationEndpoint(deps)] },
    tokenPart(deps),
    brakePart(deps),
    discoveryPart(deps),
    discoveryRulePart(deps),
    planPart({
      clock,
      store: world.store,
      currentPlan,
      clusterName: () => deps.bridge?.clusterName(),
    }),
    workPart(deps),
    { endpoints: server },
  ];
  const docsRouteOf = createDocsRoutes(description);
  const routeOf = endpointRoutes(
    parts.flatMap(({ endpoints }) => endpoints),
    createOnce(world),
    async () => {
      // Any read tells it; nothing is stored under this key.
      const read = await world.store.get(['tetsukan/']);
      return read.ok ? ok(read.value.revision) : read;
    },
  );
  const hubs = parts.flatMap(({ hub }) => hub ?? []);
  return {
    routeOf: (path) => docsRouteOf(path) ?? routeOf(path),
    watchers: () => hubs.reduce((sum, hub) => sum + hub.watchers(), 0),
    stop: () => {
      for (const hub of hubs) hub.stop();
    },
  };
}
