/** For each noun whose objects are not made by registering a machine: one of its objects, and how it changes. */

import { instant, type Rfc3339 } from '../../src/base/time.ts';
import { type Brake, brakeKeys, encodeBrake } from '../../src/inventory/brakes.ts';
import type { BootStep } from '../../src/pxe/boot.ts';
import { encodeRecord, recordKey } from '../../src/pxe/boots/record.ts';
import { encodeWork, type Work, workKey } from '../../src/sabakan/works/work.ts';
import { plainTemplate } from '../cke-bridge/fleet.ts';
import type { Asked, TestFace } from './face.ts';
import { aDhcpSighting } from './sightings.ts';
import { tarOf, utf8 } from './tar.ts';

export type NounSample = {
  /** The operation's path begins with one of these, without `/watch`. */
  readonly paths: readonly string[];
  /** By the names in paths. */
  readonly names: Readonly<Record<string, string>>;
  readonly arrange: (face: TestFace) => Promise<unknown>;
  /** The template of the cluster that the server keeps. */
  readonly cluster?: string;
  /** What its watch must tell. */
  readonly change: (face: TestFace) => Promise<unknown>;
  /** By operation: what it needs beyond its example and `If-Match: *`. */
  readonly asked?: Readonly<
    Record<string, Asked & { readonly names?: Readonly<Record<string, string>> }>
  >;
};

const lend =
  (...macs: readonly string[]) =>
  (face: TestFace) =>
    face.store.commit(
      [],
      [
        {
          kind: 'put',
          key: 'lease-usages/10.69.0.32',
          value: new TextEncoder().encode(
            JSON.stringify(
              Object.fromEntries(
                macs.map((mac, index) => [mac, { index, lease: '2031-04-01T00:00:00Z' }]),
              ),
            ),
          ),
        },
      ],
    );

const token = (revoked: object) => (face: TestFace) =>
  face.store.commit(
    [],
    [
      {
        kind: 'put',
        key: 'tetsukan/tokens/abcdefgh',
        value: new TextEncoder().encode(
          JSON.stringify({
            ...{ name: 'alice', role: 'viewer', createdBy: 'bob', networks: [] },
            ...{ createdAt: 0, expiresAt: 4_000_000_000_000, hash: '0'.repeat(64), ...revoked },
          }),
        ),
      },
    ],
  );
const work = (done: number) => (face: TestFace) => {
  const id = '0193500000000abc1';
  const record: Work = {
    ...{ id, kind: 'bulkMachines', by: 'hanako', server: 'boot-9', state: 'running' },
    ...{ startedAt: '2026-11-21T05:00:00Z', updatedAt: '2026-11-21T05:00:00Z', endedAt: null },
    ...{ isCancelAsked: false, progress: { done, total: 1_000, unit: 'machines' }, result: null },
  };
  return face.store.commit([], [{ kind: 'put', key: workKey(id), value: encodeWork(record) }]);
};

const crowdHold = (text: string) => (face: TestFace) => {
  const brake: Brake = {
    name: 'health-rack-3-silent',
    by: 'health',
    holds: 'health',
    text,
    since: '2026-11-21T05:59:00Z' as Rfc3339,
    release: 'falls by itself',
    liftable: true,
  };
  const key = brakeKeys.brake(brake.name);
  return face.store.commit([], [{ kind: 'put', key, value: encodeBrake(brake) }]);
};

const putManual = (reason: string) => (face: TestFace) =>
  face.must('PUT /api/v2/brakes/manual', { body: { reason } });

const putRack3 = (mode: string) => async (face: TestFace) => {
  const { statusCode } = await face.ask('GET /api/v2/networks/rack-3');
  return face.must('PUT /api/v2/networks/rack-3', {
    body: { cidr: '10.68.3.0/24', mode },
    headers: statusCode === 200 ? { 'if-match': '*' } : {},
  });
};

const aBootStep = (stuckAt: 'script' | undefined) => (face: TestFace) => {
  const at = instant(Date.UTC(2026, 10, 21, 5));
  const text = 'No machine with serial number m-9 is registered.';
  const seen: Pick<BootStep, 'name' | 'result'> = { name: 'script', result: 'failed' };
  const step: BootStep = {
    ...seen,
    ...{ at, lastAt: at, times: 1, server: 'boot-9', text, facts: { status: 404 } },
  };
  const value = encodeRecord({
    ...{ server: 'boot-9', mac: undefined, serial: 'm-9', uuid: undefined, registered: false },
    ...{ stuckAt, steps: [step] },
  });
  const key = recordKey('serial.m-9', at, 'boot-9');
  return face.store.commit([], [{ kind: 'put', key, value }]);
};

export function anImage(kernel = 'kernel', initrd = 'initrd'): Uint8Array {
  return tarOf([
    ['kernel', utf8(kernel)],
    ['initrd.gz', utf8(initrd)],
  ]);
}

export function anAsset(text: string, headers: Readonly<Record<string, string>> = {}): Asked {
  return { body: text, headers: { 'content-type': 'text/plain', ...headers } };
}
const pastRecord = (face: TestFace) =>
  face.store.commit(
    [],
    [
      {
        kind: 'put',
        key: 'audit/20261121/1a1fdc0000000001',
        value: new TextEncoder().encode(
          JSON.stringify({ ts: '2026-11-21T05:00:00Z', user: 'ai', category: 'machines' }),
        ),
      },
    ],
  );

const discovered = (lastSeen: string) => (face: TestFace) =>
  face.store.commit(
    [],
    [
      {
        kind: 'put',
        key: 'tetsukan/discoveries/52-54-00-00-00-01',
        value: new TextEncoder().encode(
          JSON.stringify({
            ...{ state: 'waiting', firstSeen: '2026-11-21T05:00:00Z', lastSeen },
            ...{ signs: ['dhcp', 'ipxe'], claims: { serial: 'ABC123' }, wish: {} },
            ...{ macs: ['52:54:00:00:00:01'], place: { address: '10.69.0.40', proof: 'lease' } },
          }),
        ),
      },
    ],
  );
const putRule = (order: number) => async (face: TestFace) => {
  const { statusCode } = await face.ask('GET /api/v2/discovery-rules/all');
  return face.must('PUT /api/v2/discovery-rules/all', {
    body: { order, match: { serial: '*' }, approve: { role: 'cs' } },
    headers: statusCode === 200 ? { 'if-match': '*' } : {},
  });
};

const samples: readonly NounSample[] = [
  {
    paths: ['/discovery-rules'],
    names: { name: 'all' },
    arrange: putRule(1),
    change: putRule(2),
    asked: { putDiscoveryRule: { names: { name: 'dell' }, headers: {} } },
  },
  {
    paths: ['/discoveries', '/bulk/discoveries'],
    names: { id: '52-54-00-00-00-01' },
    arrange: discovered('2026-11-21T05:00:00Z'),
    change: discovered('2026-11-21T05:01:00Z'),
    asked: {
      bulkDiscoveries: {
        body: { select: { names: ['52-54-00-00-00-01'] }, expect: 1, approve: { role: 'cs' } },
      },
    },
  },
  {
    paths: ['/plans'],
    names: { name: 'tokyo' },
    cluster: plainTemplate,
    arrange: async () => {},
    // What it is changed by is the machine; it is looked at every second.
    change: (face) => face.clock.run(3_000),
  },
  {
    paths: ['/events'],
    names: { id: '20261121-1a1fdc0000000001' },
    arrange: pastRecord,
    change: pastRecord,
  },
  {
    paths: ['/operations'],
    names: { id: '0193500000000abc1' },
    arrange: work(0),
    change: work(512),
  },
  {
    paths: ['/brakes/{name}/lift'],
    names: { name: 'health-rack-3-silent' },
    arrange: crowdHold('28 of 28 machines are silent'),
    change: crowdHold('20 of 28 machines are silent'),
  },
  {
    paths: ['/brakes'],
    names: { name: 'manual' },
    arrange: putManual('a switch is being replaced'),
    change: putManual('two switches are being replaced'),
  },
  {
    paths: ['/subnets'],
    names: { name: 'node-0-0' },
    arrange: lend('52:54:00:00:00:01'),
    change: lend('52:54:00:00:00:01', '52:54:00:00:00:02'),
  },
  {
    paths: ['/config'],
    names: { name: 'dhcp' },
    arrange: (face) => face.must('PUT /api/v1/config/dhcp', { body: { 'lease-minutes': 30 } }),
    change: (face) => face.must('PUT /api/v1/config/dhcp', { body: { 'lease-minutes': 60 } }),
  },
  {
    paths: ['/leases'],
    names: { address: '10.69.0.32' },
    arrange: lend('52:54:00:00:00:01'),
    change: lend('52:54:00:00:00:02'),
  },
  {
    paths: ['/boots'],
    names: { boot: 'm-9' },
    arrange: aBootStep(undefined),
    change: aBootStep('script'),
  },
  {
    paths: ['/kernel-params'],
    names: { os: 'coreos' },
    arrange: (face) => face.must('PUT /api/v1/kernel_params/coreos', { body: 'quiet' }),
    change: (face) => face.must('PUT /api/v1/kernel_params/coreos', { body: 'quiet splash' }),
  },
  {
    paths: ['/networks'],
    names: { name: 'rack-3' },
    arrange: putRack3('server'),
    change: putRack3('off'),
    asked: { putNetwork: { names: { name: 'rack-4' }, headers: {} } },
  },
  {
    paths: ['/channels'],
    names: { name: 'stable' },
    arrange: (face) =>
      face.must('PUT /api/v2/channels/stable', { body: { kernelParams: 'quiet' } }),
    change: (face) =>
      face.must('PUT /api/v2/channels/stable', {
        body: { kernelParams: 'quiet splash' },
        headers: { 'if-match': '*' },
      }),
  },
  {
    paths: ['/captures'],
    names: { machine: '52:54:00:00:00:01' },
    arrange: async (face) => {
      face.pxe.sightings.tell(aDhcpSighting());
    },
    change: async () => {},
  },
  {
    paths: ['/boot-explanations'],
    names: { machine: '52:54:00:00:00:01' },
    arrange: async () => {},
    change: async () => {},
  },
  {
    paths: ['/boot-rules'],
    names: { name: 'all' },
    arrange: (face) => face.must('PUT /api/v2/boot-rules/all', { body: { kernelParams: 'quiet' } }),
    change: (face) =>
      face.must('PUT /api/v2/boot-rules/all', {
        body: { kernelParams: 'quiet splash' },
        headers: { 'if-match': '*' },
      }),
  },
  {
    paths: ['/tokens'],
    names: { id: 'abcdefgh' },
    arrange: token({}),
    change: token({ revokedAt: 1 }),
  },
  {
    paths: ['/images'],
    names: { os: 'coreos', id: '1.0' },
    arrange: (face) => face.must('PUT /api/v1/images/coreos/1.0', { body: anImage() }),
    change: (face) => face.must('PUT /api/v1/images/coreos/1.1', { body: anImage() }),
    asked: { putImage: { names: { id: '1.2' }, headers: {}, body: anImage() } },
  },
  {
    paths: ['/assets'],
    names: { name: 'tool' },
    arrange: (face) => face.must('PUT /api/v1/assets/tool', anAsset('old')),
    change: (face) => face.must('PUT /api/v1/assets/tool', anAsset('new')),
    asked: { putAsset: { names: { name: 'other' }, ...anAsset('x') } },
  },
  {
    paths: ['/templates'],
    names: { role: 'cs', id: '1' },
    arrange: async () => {},
    change: (face) =>
      face.must('PUT /api/v1/ignitions/cs/2', { body: { version: '2.3', template: {} } }),
    asked: { putTemplate: { names: { id: '3' }, headers: {} } },
  },
];

export function sampleOf(path: string): NounSample | undefined {
  const rest = path.replace(/^\/watch/, '');
  return samples.find(({ paths }) => paths.some((begin) => rest.startsWith(begin)));
}

/** `/leases/{address}` → `/leases/10.69.0.32`. */
export function filledPath(path: string, names: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => names[name] ?? whole);
}
