/**
 * Four things a program does with a fleet, by the typed client.
 *
 *   node examples/client.ts unhealthy RACK
 *   node examples/client.ts register SERIAL RACK
 *   node examples/client.ts state SERIAL STATE
 *   node examples/client.ts watch COUNT [ID]
 *
 * TETSU_SERVER and TETSU_TOKEN say which server, and who asks.
 */

import { createClient } from '../src/client/main.ts';
import { ProblemError } from '../src/client/problem.ts';

const { TETSU_SERVER: server = 'http://localhost:10080', TETSU_TOKEN: token } = process.env;
const client = createClient({ server, ...(token === undefined ? {} : { token }) });

/** All pages of one moment. */
async function unhealthy(rack: string): Promise<void> {
  const fieldSelector = `rack=${rack},state in (unhealthy,unreachable)`;
  const { items } = await client.listMachines({ fieldSelector }).all();
  for (const { serial, spec, status } of items) {
    console.log(`${serial} ${spec.ipv4[0]} ${status.state}: ${status.reason?.text ?? 'no reason'}`);
  }
}

/** Looks first what would come of it; with a key, a lost answer does no harm. */
async function register(serial: string, rack: string): Promise<void> {
  const body = { serial, spec: { rack: Number(rack), role: 'cs', bmc: { type: 'iDRAC-9' } } };
  const tried = await client.registerMachines({ body, dryRun: true });
  for (const { spec } of tried.items) console.log(`would get ${spec.ipv4[0]}`);
  const done = await client.registerMachines({ body }, { idempotencyKey: `register-${serial}` });
  for (const { spec } of done.items) console.log(`registered ${serial} with ${spec.ipv4[0]}`);
}

/** Only if nobody changed the machine since it was looked at. */
async function state(serial: string, wanted: string): Promise<void> {
  const machine = await client.getMachine({ serial });
  const changed = await client.patchMachine({
    serial,
    ifMatch: machine.revision,
    body: { status: { state: wanted as typeof machine.status.state, reason: { text: 'example' } } },
  });
  console.log(`${serial} ${machine.status.state} -> ${changed.status.state}`);
}

/** The client comes again by itself where a connection breaks; the id is for a later run of the program. */
async function watch(count: number, id: string | undefined): Promise<void> {
  let left = count;
  for await (const news of client.watchMachines(id === undefined ? {} : { from: id })) {
    if (news.kind === 'bookmark') continue;
    for (const change of news.changes) {
      console.log(`${news.id} ${change.kind} ${change.name} ${change.object.status.state}`);
    }
    left -= 1;
    if (left <= 0) return;
  }
}

const [what = '', first = '', second] = process.argv.slice(2);
try {
  if (what === 'unhealthy') await unhealthy(first);
  else if (what === 'register') await register(first, second ?? '0');
  else if (what === 'state') await state(first, second ?? 'healthy');
  else if (what === 'watch') await watch(Number(first), second);
  else throw new Error('what? unhealthy, register, state or watch');
} catch (error) {
  if (!(error instanceof ProblemError)) throw error;
  console.error(`${error.kind}: ${error.message}`);
  for (const { pointer, parameter, detail } of error.errors) {
    console.error(`  ${pointer ?? parameter} ${detail}`);
  }
  process.exitCode = 1;
}
