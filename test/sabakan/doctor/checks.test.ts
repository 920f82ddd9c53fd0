import { describe, expect, it } from 'vitest';
import type { EtcdFacts, EtcdMemberFacts } from '../../../src/base/etcd-facts.ts';
import { instant } from '../../../src/base/time.ts';
import { type BootParts, checkBoot } from '../../../src/sabakan/doctor/boot-check.ts';
import { checkCertificates } from '../../../src/sabakan/doctor/certificates-check.ts';
import { checkClocks } from '../../../src/sabakan/doctor/clock-check.ts';
import { checkBlobs, checkDisk } from '../../../src/sabakan/doctor/disk-check.ts';
import { checkEtcd } from '../../../src/sabakan/doctor/etcd-check.ts';
import type { Look } from '../../../src/sabakan/doctor/finding.ts';
import {
  checkInterfaces,
  checkUrls,
  type InterfaceFacts,
} from '../../../src/sabakan/doctor/network-check.ts';
import { checkPorts, type PortFacts } from '../../../src/sabakan/doctor/ports-check.ts';
import { checkService, type ServiceFacts } from '../../../src/sabakan/doctor/service-check.ts';
import { aMachine, ipamG, testStart } from '../../support/machines.ts';

const gib = 1024 ** 3;
const dayMs = 86_400_000;

/** What is worse than ok, as `level subject: found`; every such finding says what to do. */
function trouble(looks: readonly Look[]): readonly string[] {
  const bad = looks.filter(({ level }) => level !== 'ok');
  for (const look of bad) expect(look.advice, look.found).not.toBe('');
  return bad.map(({ level, subject, found }) => `${level} ${subject}: ${found}`);
}

function table(
  cases: readonly (readonly [fact: string, looks: readonly Look[], expected: readonly RegExp[]])[],
): void {
  for (const [fact, looks, expected] of cases) {
    it(fact, () => {
      expect(looks.length).toBeGreaterThan(0);
      expect(trouble(looks)).toEqual(expected.map((one) => expect.stringMatching(one)));
    });
  }
}

const aMember = (more: Partial<EtcdMemberFacts> = {}, at = 0): EtcdMemberFacts => ({
  endpoint: `http://m${at}:2379`,
  status: {
    version: '3.4.23',
    dbBytes: 20_480,
    clusterId: 'c',
    memberId: `${at + 1}`,
    leaderId: '1',
    revision: '900',
  },
  readMs: [1, 2, 3],
  metrics: { quotaBytes: 2 * gib, inUseBytes: 20_480 },
  clockAheadMs: 200,
  ...more,
});
const statusWith = (more: Partial<NonNullable<EtcdMemberFacts['status']>>, at = 0) =>
  aMember(
    { status: { ...(aMember({}, at).status as NonNullable<EtcdMemberFacts['status']>), ...more } },
    at,
  );
const three = [aMember(), aMember({}, 1), aMember({}, 2)];
const facts = (more: Partial<EtcdFacts> = {}): EtcdFacts => ({
  members: three,
  cluster: three.map((_, at) => ({ name: `m${at}`, clientUrls: [] })),
  alarms: [],
  writes: { ms: [3, 4, 5] },
  takesTransactions: true,
  neverCompacted: false,
  ...more,
});
const etcd = (more: Partial<EtcdFacts> = {}) => checkEtcd(facts(more), 128);
const { status: _, ...silent } = aMember({ silent: 'ECONNREFUSED', readMs: [] }, 2);

describe('etcd', () => {
  table([
    ['of three members in order is fine', etcd(), []],
    [
      'with a member that is silent names it',
      etcd({ members: [aMember(), aMember({}, 1), silent] }),
      [/^problem http:\/\/m2:2379: no answer: ECONNREFUSED$/],
    ],
    [
      'with no member that answers says nothing of writes',
      etcd({ members: [silent], alarms: [], writes: { ms: [], refused: 'no member' } }),
      [/^problem .*no answer/, /^warning etcd.endpoints: names 1 of 3 members/],
    ],
    [
      'without a leader cannot write',
      etcd({ members: [statusWith({ leaderId: '0' })], cluster: [{ name: 'a', clientUrls: [] }] }),
      [/^problem .*knows no leader/, /^warning members: 1 member/],
    ],
    [
      'of one member, of two',
      [
        ...etcd({ members: [aMember()], cluster: [{ name: 'a', clientUrls: [] }] }),
        ...etcd({ members: three.slice(0, 2), cluster: facts().cluster?.slice(0, 2) ?? [] }),
      ],
      [/^warning members: 1 member \(a\); 1 must run/, /^warning members: 2 members .*2 must run/],
    ],
    [
      'whose endpoints are of two clusters',
      etcd({ members: [aMember(), statusWith({ clusterId: 'd' }, 1), aMember({}, 2)] }),
      [/^problem etcd.endpoints: they belong to 2 different clusters/],
    ],
    [
      'that is full, or holds other data',
      etcd({
        alarms: [
          { memberId: '7', alarm: 'NOSPACE' },
          { memberId: '8', alarm: 'Corrupt' },
        ],
        writes: { ms: [], refused: 'database space exceeded' },
      }),
      [
        /^problem member 7: alarm NOSPACE/,
        /^problem member 8: alarm CORRUPT/,
        /^problem writes: database space exceeded/,
      ],
    ],
    [
      'that fills up, by the quota it says or the default',
      etcd({
        members: [
          statusWith({ dbBytes: 1.6 * gib }),
          aMember(
            {
              status: statusWith({ dbBytes: 2.95 * gib }, 1).status ?? never(),
              metrics: { quotaBytes: 3 * gib },
            },
            1,
          ),
          aMember({}, 2),
        ],
      }),
      [
        /^warning .*m0.* space: 1\.6 GiB of 2\.0 GiB, 80 %/,
        /^warning .*m0.* space: only 20\.0 KiB/,
        /^problem .*m1.* space: .*98 %/,
      ],
    ],
    [
      'with a member far behind, an old one, one with another clock and one that is slow',
      etcd({
        members: [
          statusWith({ revision: '5000' }),
          statusWith({ version: '3.3.25', revision: '5000' }, 1),
          aMember({ clockAheadMs: -7_000, readMs: [80, 90] }, 2),
        ],
      }),
      [
        /^warning .*m1.*: etcd 3\.3\.25/,
        /^warning .*m2.*: it is 4100 revisions behind/,
        /^warning .*m2.* reads: 2 small reads: p50 90\.0 ms/,
        /^warning .*m2.*: its clock is 7 s behind this host/,
      ],
    ],
    [
      'whose disk is slow',
      etcd({ writes: { ms: [150, 200, 900] } }),
      [/^warning writes: 3 synced.*p50 200\.0 ms, max 900/],
    ],
    [
      'that takes smaller transactions than configured, and was never compacted',
      etcd({
        members: three.map((_one, at) => statusWith({ revision: '250000' }, at)),
        takesTransactions: false,
        neverCompacted: true,
      }),
      [
        /^problem etcd.max-txn-ops: etcd refuses transactions of 128/,
        /^warning history: revision 1 of 250000/,
      ],
    ],
  ]);
});

const aPort = (more: Partial<PortFacts> = {}): PortFacts => ({
  member: 'tftp.listen',
  protocol: 'udp',
  at: { address: '0.0.0.0', port: 69 },
  holders: [],
  ...more,
});
const rights = { unprivilegedFrom: 1024, mayBindLow: false };
const ports = (more: Partial<PortFacts>, ownPid?: number) =>
  checkPorts([aPort(more)], rights, ownPid);

describe('ports', () => {
  table([
    ['free before a server starts', ports({}), []],
    [
      'taken by a program that can be named',
      ports({ refused: 'EADDRINUSE', holders: [{ pid: 7, command: 'in.tftpd' }] }),
      [/^problem tftp.listen UDP 0\.0\.0\.0:69: taken by in\.tftpd \(pid 7\)$/],
    ],
    ['taken by one that cannot', ports({ refused: 'EADDRINUSE' }), [/taken by another program$/]],
    [
      'privileged',
      ports({ refused: 'EACCES' }),
      [/may not be bound by this user: ports below 1024/],
    ],
    [
      'of an address that no interface has',
      ports({ refused: 'EADDRNOTAVAIL' }),
      [/no interface of this host/],
    ],
    ['held by the server that looks', ports({ holders: [{ pid: 5, command: 'node' }] }, 5), []],
    [
      'held by it and another one',
      ports(
        {
          holders: [
            { pid: 5, command: 'node' },
            { pid: 6, command: 'dnsmasq' },
          ],
        },
        5,
      ),
      [/and so does dnsmasq \(pid 6\)/],
    ],
    ['held by nobody', ports({}, 5), [/^problem .*nobody listens/]],
    [
      'held by another one alone',
      ports({ holders: [{ pid: 6, command: 'dnsmasq' }] }, 5),
      [/not this server listens, but dnsmasq/],
    ],
  ]);
});

const rack0: InterfaceFacts = { name: 'eth0', addresses: ['10.69.0.3'], state: 'up' };
const links = (interfaces: readonly string[] | 'all', have: readonly InterfaceFacts[] = [rack0]) =>
  checkInterfaces(have, { enabled: true, interfaces }, ipamG);

describe('interfaces', () => {
  table([
    ['in the rack’s network are fine', [...links(['eth0']), ...links('all'), ...links([])], []],
    [
      'that do not exist',
      links(['eth1']),
      [/^problem dhcp.interfaces eth1: this host has no such/],
    ],
    ['that are down', links(['eth0'], [{ ...rack0, state: 'down' }]), [/^problem .*is down/]],
    ['without an address', links(['eth0'], [{ ...rack0, addresses: [] }]), [/no IPv4 address/]],
    [
      'outside the pool stay silent',
      links(['eth0'], [{ ...rack0, addresses: ['192.0.2.1'] }]),
      [/^warning .*outside node-ipv4-pool 10\.69\.0\.0\/20/],
    ],
    ['of which none is in the pool', links('all', []), [/^warning dhcp.interfaces: no interface/]],
  ]);
});

const url = (addresses: readonly string[], asked?: { ok: boolean; text: string }) =>
  checkUrls(
    [{ member: 'advertise-url', url: 'http://boot:10080', addresses, ...(asked && { asked }) }],
    ['10.69.0.3', '127.0.0.1'],
  );

describe('what machines are told to load from', () => {
  table([
    ['is this host', url(['10.69.0.3'], { ok: true, text: 'answers 200' }), []],
    ['has a name that nobody knows', url([]), [/^problem .*cannot be resolved/]],
    ['is loopback', url(['127.0.0.1']), [/^warning .*127\.0\.0\.1 is this host only/]],
    [
      'does not answer',
      url(['10.69.0.3'], { ok: false, text: 'refused' }),
      [/^problem .*: refused$/],
    ],
    ['is another host', url(['10.69.0.9']), [/^warning .*no address of this host/]],
  ]);
});

describe('clocks', () => {
  table([
    [
      'in order',
      checkClocks({ synchronized: true, errorMsMax: 3 }, [{ url: 'u', aheadMs: 900 }]),
      [],
    ],
    ['that cannot be asked', checkClocks({ synchronized: undefined }, []), []],
    [
      'not synchronized, far apart and silent',
      checkClocks({ synchronized: false }, [
        { url: 'http://a', aheadMs: -90_000 },
        { url: 'http://b', why: 'refused' },
      ]),
      [
        /^warning this host: .*not synchronized/,
        /^problem http:\/\/a: its clock is 90\.0 s behind ours/,
        /^warning http:\/\/b: this server gave no time: refused/,
      ],
    ],
  ]);
});

const room = { freeBytes: 50 * gib, bytes: 100 * gib, freeFiles: 900, files: 1000 };
const disk = (more: Partial<typeof room>) =>
  checkDisk({ path: '/data', room: { ...room, ...more } });
const blob = { of: 'image 1', path: 'images/coreos/1/kernel', bytes: 5, isOffered: true };

describe('disk and files', () => {
  table([
    ['with room', [...disk({}), ...checkBlobs([blob])], []],
    ['nearly full', disk({ freeBytes: gib }), [/^warning \/data: 1\.0 GiB free of 100\.0 GiB/]],
    ['a small part free', disk({ freeBytes: 5 * gib }), [/^warning \/data: 5\.0 GiB free/]],
    ['out of inodes', disk({ freeFiles: 10 }), [/^warning \/data inodes: 10 of 1000/]],
    [
      'that takes no file',
      checkDisk({ path: '/data', trouble: 'EROFS' }),
      [/^problem \/data: cannot be written to: EROFS/],
    ],
    [
      'lost, emptied, and not here yet',
      checkBlobs([
        { ...blob, bytes: undefined },
        { ...blob, bytes: 0 },
        { ...blob, bytes: undefined, isOffered: false },
      ]),
      [
        /^problem image 1: .*kernel is missing here/,
        /^problem .*is empty here/,
        /^warning .*not come to this/,
      ],
    ],
  ]);
});

const certificate = (more: { endsMs?: number; beginsMs?: number; trouble?: string }) =>
  checkCertificates([{ subject: 'server-cert', ...more }], testStart);

describe('certificates', () => {
  table([
    ['with time left', certificate({ endsMs: testStart + 90 * dayMs }), []],
    [
      'about to end',
      certificate({ endsMs: testStart + 3.5 * dayMs }),
      [/^warning .*: 3 days left/],
    ],
    ['over', certificate({ endsMs: testStart - 1 }), [/^problem server-cert: expired/]],
    [
      'of the future',
      certificate({ beginsMs: testStart + dayMs, endsMs: testStart + 9 * dayMs }),
      [/^problem .*valid only from 2026-11-22T06:00:00Z/],
    ],
    ['that cannot be read', certificate({ trouble: 'ENOENT' }), [/^problem server-cert: ENOENT/]],
  ]);
});

const boot = (more: Partial<BootParts> = {}) =>
  checkBoot({
    machines: [aMachine({ serial: 'A', role: 'cs' }), aMachine({ serial: 'B', role: 'ss' })],
    loaders: ['ipxe.efi'],
    loadersWanted: ['ipxe.efi'],
    images: 1,
    newestHere: '1234.5.6',
    render: () => ({ id: '1.0.0' }),
    ...more,
  });

describe('what machines boot with', () => {
  table([
    ['is all there', boot(), []],
    ['lacks a boot program', boot({ loaders: [] }), [/^problem ipxe\.efi: is not served/]],
    [
      'has no image, at all or here',
      [...boot({ images: 0, newestHere: undefined }), ...boot({ newestHere: undefined })],
      [/^problem image: no image has been uploaded/, /^problem image: none of 1 images is on this/],
    ],
    [
      'has no image while there are no machines',
      boot({ images: 0, newestHere: undefined, machines: [] }),
      [/^warning image/],
    ],
    [
      'has a template that is broken for one role and none for another',
      boot({
        render: ({ spec }) =>
          spec.role === 'cs' ? { id: '2.0.0', trouble: 'no .Foo' } : undefined,
      }),
      [
        /^problem role cs: template 2\.0\.0 does not render for A: no \.Foo/,
        /^problem role ss: has no/,
      ],
    ],
  ]);
});

const service = (more: Partial<ServiceFacts> = {}) =>
  checkService(
    {
      freshness: { kind: 'live' },
      leader: 'boot-0',
      writes: { succeeded: testStart },
      brakes: [],
      tokens: [{ name: 'robot', expiresAt: instant(testStart + 90 * dayMs) }],
      ...more,
    },
    instant(testStart + 5_000),
  );

describe('the service', () => {
  table([
    ['in order, also when it never wrote', [...service(), ...service({ writes: {} })], []],
    [
      'that hears nothing, has no leader and is held back',
      service({
        freshness: { kind: 'behind', silentMs: 30_000, text: 'no leader' },
        leader: undefined,
        brakes: [
          { name: 'health-rack-3', text: 'rack 3 fell silent', release: 'it answers again' },
        ],
        tokens: [{ name: 'ci', expiresAt: instant(testStart + 3 * dayMs) }],
      }),
      [
        /^problem inventory: nothing was heard .* for 30 s/,
        /^warning leader/,
        /^warning brake health-rack-3: holds: rack 3/,
        /^warning token ci: expires in 2 days/,
      ],
    ],
    [
      'that is still loading',
      service({ freshness: { kind: 'loading' } }),
      [/^problem inventory: is still/],
    ],
    [
      'whose last write failed',
      service({
        writes: { succeeded: testStart, failed: instant(testStart + 4_000), why: 'full' },
      }),
      [/^problem writes: the last write failed, .*1 s ago \(full\); the last good one .*5 s ago/],
    ],
    [
      'whose failed write was followed by a good one',
      service({ writes: { succeeded: testStart, failed: instant(testStart - 1), why: 'x' } }),
      [],
    ],
  ]);
});

function never(): never {
  throw new Error('a member of these tests has a status');
}
