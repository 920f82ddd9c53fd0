import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { plainTemplate } from '../../cke-bridge/fleet.ts';
import { eventually } from '../../support/eventually.ts';
import { getJson, saysTheSame } from '../../support/noun-contract.ts';

const directory = await mkdtemp(join(tmpdir(), 'tetsukan-plan-'));
beforeAll(() => writeFile(join(directory, 'template.yml'), plainTemplate));
afterAll(() => rm(directory, { recursive: true }));

describe('a plan', () =>
  saysTheSame({
    noun: 'plans',
    name: 'tokyo',
    more: `cluster: { template: ${directory}/template.yml, output: ${directory}/cluster.yml }\n`,
    make: async (server) => {
      const machines = ['a', 'b'].map((serial) => ({
        ...{ serial, rack: 1, role: 'cs', bmc: { type: 'none' } },
      }));
      await fetch(`${server.url}/api/v1/machines`, {
        method: 'POST',
        body: JSON.stringify(machines),
      });
      const decisions = async () => (await getJson(server, '/api/v2/plans/tokyo')).decisions;
      await eventually('both decisions', async () => (await decisions()).length === 2);
    },
    // The leader looks at the same plan again.
    without: ['madeAt'],
    others: [
      [
        '/api/v2/plan',
        async (server) => (await getJson(server, '/api/v2/plan')).decisions,
        ({ decisions }) => decisions,
      ],
    ],
  }));
