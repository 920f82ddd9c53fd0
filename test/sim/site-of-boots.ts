/** A simulated site whose boots are asked for as an operator asks: through the API. */

import { createApi } from '../../src/sim/api.ts';
import { createSimFleet } from '../../src/sim/fleet.ts';
import { nextTurn } from '../../src/sim/io/turn.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of the API, as a program without types sees them.
export type Json = any;

const shape = { racks: 1, machines: 4, servers: 2, spares: 0, controlPlanes: 3 };

export async function aSite(over: Partial<typeof shape> = {}) {
  const fleet = createSimFleet({
    shape: { ...shape, ...over },
    seed: 'boots',
    turn: nextTurn,
    loss: 0,
  });
  const { sim, site } = fleet;
  const url = `http://10.68.0.11:10080`;
  const http = sim.web.clientOf({ address: () => '10.68.0.1', isUp: () => true });
  const pass = (seconds: number) => sim.clock.runUntil(sim.clock.elapsedMs() + seconds * 1000);
  /** Lets virtual time pass until it is there. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    const mark = () => {
      isDone = true;
    };
    promise.then(mark, mark);
    while (!isDone) await pass(0.1);
    return promise;
  };
  await settled(fleet.start());
  return {
    fleet,
    sim,
    site,
    pass,
    get: async (path: string): Promise<Json> => {
      const limits = { timeoutMs: 5_000, bodyBytesMax: 10_000_000 };
      const asked = http.request({ method: 'GET', url: `${url}/api/v2/${path}`, ...limits });
      const answer = await settled(asked);
      if (!answer.ok) throw new Error(answer.error.text);
      return JSON.parse(new TextDecoder().decode(answer.value.body));
    },
    send: async (method: 'PUT' | 'DELETE', path: string, body?: unknown): Promise<void> => {
      const sent = await settled(createApi(http, url).send(method, path, body));
      if (!sent.ok) throw new Error(JSON.stringify(sent.error));
    },
  };
}
