import { describe, expect, it } from 'vitest';
import { machineMetrics } from '../../src/sabakan/machine-metrics.ts';
import { type MetricParts, metricsText } from '../../src/sabakan/metrics.ts';
import { createRequestCounter } from '../../src/sabakan/request-count.ts';
import { aFace, aSpec, type TestFace } from '../support/face.ts';
import { aMachine } from '../support/machines.ts';

async function textOf(
  face: TestFace,
  parts: Partial<MetricParts> = {},
): Promise<readonly string[]> {
  const page = metricsText({
    clock: face.clock,
    inventory: face.inventory,
    monitor: () => undefined,
    bridge: undefined,
    isLeader: () => true,
    requests: face.requests,
    watchers: 0,
    images: () => [],
    assets: () => [],
    bootCounters: () => ({}),
    process: () => [],
    ...parts,
  });
  await face.clock.run(1);
  return (await page).split('\n');
}

const linesOf = (lines: readonly string[], name: string) =>
  lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

describe('the metrics page', () => {
  it('has seven series a machine, 1 for its state', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', {
      body: [aSpec('b')],
    });
    await face.must('PUT /api/v1/state/b', { body: 'healthy' });
    const lines = linesOf(await textOf(face), 'sabakan_machine_status');
    expect(lines).toHaveLength(7);
    expect(lines.filter((line) => line.endsWith(' 1'))).toEqual([
      'sabakan_machine_status{address="10.69.0.4",machine_type="",rack="0",role="cs",serial="b",status="healthy"} 1',
    ]);
  });

  it('says since when a machine is in its state, so that one that stays too long is noticed', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('b')] });
    face.clock.advance(1500);
    await face.must('PUT /api/v1/state/b', { body: 'retiring' });
    expect(linesOf(await textOf(face), 'tetsukan_machine_state_timestamp_seconds')).toEqual([
      'tetsukan_machine_state_timestamp_seconds{rack="0",role="cs",serial="b",status="retiring"} 1795240801.5',
    ]);
  });

  it('a machine without an address hides nobody', async () => {
    const [bare, other] = [aMachine({ serial: 'a' }), aMachine({ serial: 'b', index: 5 })];
    const machines = [{ ...bare, spec: { ...bare.spec, ipv4: [] } }, other];
    const text = await machineMetrics(machines, async () => {});
    expect(linesOf(text.split('\n'), 'sabakan_machine_status')).toHaveLength(14);
    expect(text).toContain('{address="",machine_type="",rack="0",role="cs",serial="a",status=');
  });

  it('lets others go first every few hundred machines', async () => {
    const machines = Array.from({ length: 1200 }, () => aMachine());
    let pauses = 0;
    await machineMetrics(machines, async () => {
      pauses += 1;
    });
    expect(pauses).toBe(2);
  });

  it('forgets a machine that is gone', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    for (const body of ['retiring', 'retired']) await face.must('PUT /api/v1/state/a', { body });
    await face.must('DELETE /api/v1/machines/a');
    expect(linesOf(await textOf(face), 'sabakan_machine_status')).toEqual([]);
  });

  it('counts requests by true status, route and method', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    for (const serial of ['a', 'b', 'c']) await face.ask(`GET /api/v1/state/${serial}`);
    for (const what of ['GET /a', 'GET /b']) await face.ask(what);
    const lines = linesOf(await textOf(face), 'sabakan_api_request_count');
    expect(lines).toEqual(
      expect.arrayContaining([
        'sabakan_api_request_count{code="201",path="/api/v1/machines",verb="POST"} 1',
        'sabakan_api_request_count{code="200",path="/api/v1/state/{serial}",verb="GET"} 1',
        'sabakan_api_request_count{code="404",path="/api/v1/state/{serial}",verb="GET"} 2',
        'sabakan_api_request_count{code="404",path="{unknown}",verb="GET"} 2',
      ]),
    );
  });

  it('stays small however many paths and methods are tried', async () => {
    const face = await aFace();
    const before = (await textOf(face)).length;
    for (let at = 0; at < 300; at += 1) await face.ask(`GET /api/v1/x${at}/${at}`);
    expect((await textOf(face)).length).toBeLessThan(before + 10);
    const counter = createRequestCounter();
    for (let at = 0; at < 5000; at += 1) counter.add(200, `/p${at}`, `M${at}`, 0);
    expect(counter.all().length).toBeLessThanOrEqual(2001);
    expect(counter.all().reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  });

  it('sums up images, and shows zero where there are none', async () => {
    const face = await aFace();
    expect(linesOf(await textOf(face), 'sabakan_images_items_total')).toEqual([
      'sabakan_images_items_total 0',
    ]);
    const lines = await textOf(face, { images: () => [{ size: 1 }, { size: 2 }] });
    expect(linesOf(lines, 'sabakan_images_bytes_total')).toEqual(['sabakan_images_bytes_total 3']);
    expect(linesOf(lines, 'sabakan_assets_items_total')).toEqual(['sabakan_assets_items_total 0']);
  });

  it('is the Prometheus text format: every sample after its help and type, labels escaped', async () => {
    const face = await aFace();
    const process = () => [
      {
        name: 'x',
        help: 'Odd.',
        type: 'gauge' as const,
        samples: [{ labels: { a: '"\\\n' }, value: 1 }],
      },
    ];
    const lines = await textOf(face, { process });
    expect(lines).toContain('x{a="\\"\\\\\\n"} 1');
    let known = '';
    for (const line of lines) {
      const type = /^# TYPE (\S+) (gauge|counter)$/.exec(line);
      if (type !== null) known = type[1] ?? '';
      else if (line !== '' && !line.startsWith('# HELP ')) {
        expect(line).toMatch(
          /^[a-z_]+(\{[a-z_]+="(\\.|[^"\\])*"(,[a-z_]+="(\\.|[^"\\])*")*\})? -?[\d.e+-]+$/,
        );
        expect(line.split(/[{ ]/)[0]).toBe(known);
      }
    }
  });
});
