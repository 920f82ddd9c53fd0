import { request } from 'undici';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { strangerId, strangers } from '../fuzz/good.ts';
import { createRequests, type Description, operationOf } from '../fuzz/requests.ts';
import { fuzz } from '../fuzz/run.ts';
import { ipamG } from '../support/machines.ts';
import { startTetsuServer, type TetsuServer } from '../support/tetsu.ts';

/** `FUZZ_SEED=7 FUZZ_COUNT=100000 npx vitest run --project e2e test/e2e/fuzz`: the same seed sends the same requests. */
const wished = process.env['FUZZ_SEED'] ?? '20261121';
const seed = wished === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wished);
const count = Number(process.env['FUZZ_COUNT'] ?? 20_000);

/**
 * Objects whose names only an answer tells, leases that nobody took, the plan of a server without a cluster, brakes that
 * nothing set, boots and packets of machines that nobody powered on.
 */
const neverDone =
  /\/(events|leases|operations|tokens|boots|captures)\/\{|\/subnets\/\{|\/plans\/\{|\/plan$|\/lift$/;

let server: TetsuServer;
let hasEnded = false;

beforeAll(async () => {
  server = await startTetsuServer({ etcd: undefined, more: 'allow-ips: [127.0.0.0/8]\n' });
  void server.ended.then(() => {
    hasEnded = true;
  });
  const send = async (method: 'PUT' | 'POST', path: string, body: unknown): Promise<void> => {
    const answer = await request(`${server.url}${path}`, { method, body: JSON.stringify(body) });
    expect(answer.statusCode, await answer.body.text()).toBeLessThan(300);
  };
  await send('PUT', '/api/v1/config/ipam', ipamConfigToJson(ipamG));
  await send('PUT', '/api/v1/config/dhcp', { 'lease-minutes': 60 });
  const machines = Array.from({ length: 40 }, (_, at) => ({
    serial: `m${at}`,
    rack: at % 4,
    role: 'cs',
    labels: { a: 'b' },
    bmc: { type: 'none' },
  }));
  await send('POST', '/api/v1/machines', machines);
  const here = { cidr: '127.0.0.0/8', mode: 'off', discovery: 'ask' };
  await send('PUT', '/api/v2/networks/here', here);
  for (let number = 0; number < strangers; number += 1) {
    const claims = `mac=${strangerId(number)}&serial=stranger-${number}`;
    const knock = await request(`${server.url}/api/v1/boot/discovery/knock?${claims}`);
    expect(await knock.body.text()).toContain('#!ipxe');
  }
  await vi.waitFor(async () => {
    const { body } = await request(`${server.url}/api/v2/discoveries?limit=${strangers}`);
    expect(((await body.json()) as { items: unknown[] }).items).toHaveLength(strangers);
  }, 240_000);
});

afterAll(async () => {
  server.signal('SIGTERM');
  await server.ended;
});

it(`whatever is sent (${count} requests, seed ${seed}) is answered, never by a fault, each refusal with its reason`, async () => {
  const answer = await request(`${server.url}/api/v2/openapi.json`);
  const document = (await answer.body.json()) as Description;
  const report = await fuzz(
    server.url,
    count,
    createRequests(document, seed),
    () => !hasEnded,
    (asked) => operationOf(document, asked),
  );
  console.log(`seed ${seed}:`, JSON.stringify({ ...report, findings: report.findings.length }));
  expect(report.findings.join('\n'), `seed ${seed}`).toBe('');
  expect(report.sent).toBe(count);
  expect(server.log()).not.toContain('a request failed');
  expect(hasEnded).toBe(false);
  const health = await request(`${server.url}/health`);
  expect(await health.body.json()).toEqual({ health: 'healthy' });
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const never = all.filter((operation) => report.done[operation] === undefined);
  console.log('never answered with success:', never.join(', '));
  if (count >= 20_000) expect(never.filter((one) => !neverDone.test(one))).toEqual([]);
  // What nobody may change by a request changes for none of them.
  expect(Number(report.byStatus['200'])).toBeGreaterThan(count / 50);
}, 600_000);
