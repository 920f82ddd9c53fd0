import { describe } from 'vitest';
import { getJson, type Json, put, saysTheSame } from '../../support/noun-contract.ts';
import type { TetsuServer } from '../../support/tetsu.ts';

const facts = ({ spec, status }: Json) => ({
  rack: spec.rack,
  index: spec.indexInRack,
  role: spec.role,
  ipv4: spec.ipv4,
  state: status.state.toLowerCase(),
});

async function graphql({ url }: TetsuServer): Promise<Json> {
  const query =
    '{ machine(serial: "m-1") { spec { rack indexInRack role ipv4 } status { state } } }';
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return ((await answer.json()) as Json).data.machine;
}

describe('a machine', () =>
  saysTheSame({
    noun: 'machines',
    name: 'm-1',
    without: ['status.durationSeconds'],
    make: async (server) => {
      const machine = { serial: 'm-1', rack: 1, role: 'cs', bmc: { type: 'none' } };
      await fetch(`${server.url}/api/v1/machines`, {
        method: 'POST',
        body: JSON.stringify([{ ...machine, labels: { product: 'R650' } }]),
      });
      await put(server, '/api/v1/state/m-1', 'healthy');
    },
    others: [
      [
        'version 1',
        async (server) => {
          const [{ spec, status }] = await getJson(server, '/api/v1/machines?serial=m-1');
          return facts({ spec: { ...spec, indexInRack: spec['index-in-rack'] }, status });
        },
        facts,
      ],
      ['GraphQL', async (server) => facts(await graphql(server)), facts],
    ],
  }));
