/**
 * Every HTTP request comes in here, whoever carries it: who may, which route, what comes back, and the count of it.
 *
 * Paths are matched literally on the decoded text, as Sabakan 3.1.9 does; nothing is normalised or redirected.
 */

import type { StoreProblem } from '../base/store.ts';
import type { World } from '../base/world.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { ProgramFile } from '../pxe/cryptsetup.ts';
import type { Pxe } from '../pxe/pxe.ts';
import type { DoctorReport } from './doctor/doctor.ts';
import type { Answer, Exchange, Handler, Route } from './exchange.ts';
import { jsonAnswer } from './go-json.ts';
import { createGraphQLEngine } from './graphql/engine.ts';
import { playgroundRoute } from './graphql/playground.ts';
import { createResolvers } from './graphql/resolvers.ts';
import { graphqlRoute } from './graphql/route.ts';
import { createMachineList } from './machine-list.ts';
import { problemDetails, v1Error } from './problem-answers.ts';
import { unknownPath } from './problems.ts';
import type { RequestCounter } from './request-count.ts';
import { assetsNoun } from './rest/assets.ts';
import { bootNoun } from './rest/boot.ts';
import { configNoun } from './rest/config.ts';
import { cryptsNoun } from './rest/crypts.ts';
import { cryptsetupNoun } from './rest/cryptsetup.ts';
import { ignitionsNoun } from './rest/ignitions.ts';
import { imagesNoun } from './rest/images.ts';
import { kernelParamsNoun } from './rest/kernel-params.ts';
import { logsNoun } from './rest/logs.ts';
import { labelsNoun, retireDateNoun, stateNoun } from './rest/machine-parts.ts';
import { machinesNoun } from './rest/machines.ts';
import { actorOf, byMethod, type Noun } from './rest/noun.ts';
import { createApi } from './v2/api.ts';
import type { ViewParts } from './v2-views.ts';
import type { Door } from './who/door.ts';
import type { Tokens } from './who/tokens.ts';
import type { Works } from './works/desk.ts';

export type FaceDeps = ViewParts & {
  readonly world: Pick<World, 'clock' | 'chance' | 'log' | 'store'>;
  readonly inventory: Inventory;
  readonly pxe: Pick<
    Pxe,
    | 'bootHttp'
    | 'images'
    | 'assets'
    | 'kernelParams'
    | 'templates'
    | 'leases'
    | 'networks'
    | 'status'
    | 'bootPolicy'
    | 'choose'
    | 'explainBoot'
    | 'serialOf'
    | 'captureOf'
    | 'boots'
    | 'discoveries'
  >;
  /** What `/api/v1/cryptsetup` gives; undefined: there is none. */
  readonly cryptsetup: ProgramFile | undefined;
  readonly door: Door;
  readonly tokens: Tokens;
  readonly works: Works;
  readonly serverName: string;
  readonly version: string;
  readonly playground: boolean;
  readonly requests: RequestCounter;
  readonly status: () => unknown;
  /** This server examines itself. */
  readonly doctor: () => Promise<DoctorReport>;
};

/** One handler for each listener: what is served depends on whether the connection is TLS. */
export type Face = {
  readonly http: Handler;
  /** Disk keys and nothing else, as with Sabakan since 3.0.0. */
  readonly https: Handler;
  /** Watches that are open on version 2. */
  readonly watchers: () => number;
  /** These answers have no end of their own; a server that stops ends them first. */
  readonly endWatches: () => void;
};

/** Version 1's root. */
const v1 = '/api/v1/';
const v2 = '/api/v2/';
/** `GET /health` gives the store this long. */
const healthWithinMs = 5000;

export function createFace(deps: FaceDeps): Face {
  const { world, inventory, pxe, serverName, requests } = deps;
  const { clock } = world;
  const list = createMachineList(world);
  const nouns: readonly Noun[] = [
    machinesNoun({ clock, inventory, list, serverName }),
    bootNoun(pxe.bootHttp),
    stateNoun({ inventory, serverName }),
    labelsNoun({ inventory, serverName }),
    retireDateNoun({ inventory, serverName }),
    configNoun({ inventory, serverName }),
    ignitionsNoun({ inventory, log: world.log, templates: pxe.templates, serverName }),
    imagesNoun({ images: pxe.images, serverName }),
    assetsNoun({ assets: pxe.assets, serverName }),
    kernelParamsNoun({ kernelParams: pxe.kernelParams, serverName }),
    logsNoun({ inventory }),
    cryptsetupNoun(deps.cryptsetup),
  ];
  const engine = createGraphQLEngine(createResolvers({ clock, inventory }), clock);
  const graphql = graphqlRoute(engine, (exchange) => ({
    actor: actorOf(exchange, serverName),
    whyNoChange: () => deps.door.whyNoMutation(exchange),
  }));
  const version = byMethod('/version', {
    GET: async () => jsonAnswer(200, { version: deps.version }),
  });
  const health = byMethod('/health', { GET: () => healthAnswer(world) });

  const api = createApi(deps);

  const v1RouteOf = (path: string, among: readonly Noun[]): Route => {
    const rest = path.slice(v1.length);
    for (const noun of among) {
      const route = noun(rest);
      if (route !== undefined) return route;
    }
    return nothing('/api/v1/{unknown}');
  };
  const routeOf = (path: string): Route => {
    if (path.startsWith(v1)) return v1RouteOf(path, nouns);
    if (path.startsWith(v2)) return api.routeOf(path.slice(v2.length));
    if (path === '/graphql') return graphql;
    if (path === '/health') return health;
    if (path === '/version') return version;
    if (path === '/playground' && deps.playground) return playgroundRoute;
    return nothing('{unknown}');
  };

  const tlsNouns: readonly Noun[] = [cryptsNoun({ inventory, serverName })];
  const tlsRouteOf = (path: string): Route =>
    path.startsWith(v1) ? v1RouteOf(path, tlsNouns) : nothing('{unknown}');

  const answerTo = async (exchange: Exchange, route: Route): Promise<Answer> => {
    const entered = deps.door.enter(exchange, route);
    if (entered.ok) return route.handle(entered.value);
    const isOurs = exchange.path.startsWith(v2);
    return (isOurs ? problemDetails : v1Error)(exchange, entered.error);
  };

  const serve =
    (findRoute: (path: string) => Route): Handler =>
    async (exchange) => {
      const startedMs = clock.monotonicMs();
      const route = findRoute(exchange.path);
      let answer: Answer;
      try {
        answer = await answerTo(exchange, route);
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        world.log.error('a request failed', {
          route: route.name,
          request: exchange.requestId,
          text,
        });
        answer = v1Error(exchange, {
          kind: 'failed',
          text: 'a fault of this server; its log has it',
        });
      }
      const { method, requestId, remoteAddress } = exchange;
      const tookMs = clock.monotonicMs() - startedMs;
      requests.add(answer.status, route.name, method, tookMs / 1000);
      if (answer.status >= 400 || method !== 'GET') {
        const fields = { method, route: route.name, status: answer.status, from: remoteAddress };
        world.log.debug('request', { ...fields, request: requestId, tookMs });
      }
      return answer;
    };
  return {
    http: serve(routeOf),
    https: serve(tlsRouteOf),
    watchers: api.watchers,
    endWatches: api.stop,
  };
}

function nothing(name: string): Route {
  return { name, handle: async (exchange) => v1Error(exchange, unknownPath(exchange.path)) };
}

/** Healthy is a store that answers; one that refuses this user answers, too. */
async function healthAnswer(world: Pick<World, 'clock' | 'store'>): Promise<Answer> {
  const tooLate: StoreProblem = { kind: 'store-unavailable', text: 'no answer in time' };
  const read = await new Promise<StoreProblem | undefined>((resolve) => {
    const cancel = world.clock.after(healthWithinMs, () => resolve(tooLate));
    void world.store.get(['version']).then((listing) => {
      cancel();
      resolve(listing.ok ? undefined : listing.error);
    });
  });
  const healthy = read === undefined || read.kind === 'store-refused';
  return jsonAnswer(healthy ? 200 : 500, { health: healthy ? 'healthy' : 'unhealthy' });
}
