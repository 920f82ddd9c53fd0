import { describe, expect, it } from 'vitest';
import { check } from './checker.ts';
import type { History, KeyEvent, Outcome, Write, WriteRequest } from './history.ts';
import { chaosIpam } from './model.ts';
import { machineObject } from './objects.ts';

const done: Outcome = { kind: 'done' };
const refused = (why: string): Outcome => ({ kind: 'refused', why });
const unknown: Outcome = { kind: 'unknown', why: 'connection lost' };
const retireDate = '2031-01-02T03:04:05Z';

/** A faithful little cluster: each request takes 10 ms, one after another, each at the next revision. */
function aStory() {
  const writes: Write[] = [];
  const events: KeyEvent[] = [];
  let revision = 0;
  let nowMs = 0;
  const story = {
    ask: (request: WriteRequest, outcome: Outcome = done, server = 0): Write => {
      const write = { id: `c-${writes.length}`, server, request, outcome };
      const timed = { ...write, startMs: nowMs, endMs: nowMs + 9 };
      nowMs += 10;
      writes.push(timed);
      return timed;
    },
    /** What etcd took in one revision; a write stands for its audit record. */
    stored: (...changes: readonly (readonly [string, unknown] | Write)[]): number => {
      revision += 1;
      for (const change of changes) {
        if ('request' in change) events.push({ revision, ...auditOf(change, revision) });
        else {
          const [key, json] = change;
          const value = json === undefined ? undefined : JSON.stringify(json);
          events.push({ revision, key, value });
        }
      }
      return revision;
    },
    nowMs: () => nowMs,
    history: (more: Partial<History> = {}): History => ({
      ...{ writes, events, looks: [], lists: [], acks: [], gaveUp: [] },
      ...more,
    }),
  };
  return story;
}

function auditOf(write: Write, revision: number): Pick<KeyEvent, 'key' | 'value'> {
  const { request } = write;
  const serial = 'serial' in request ? request.serial : '';
  const [category, instance, action, detail] = (
    {
      register: ['machines', '', 'register', ''],
      remove: ['machines', serial, 'delete', ''],
      state: ['machines', serial, 'set-state', 'detail' in write ? write.detail : ''],
      label: ['machines', serial, 'put-label', ''],
      ipam: ['ipam', 'config', 'put', ''],
      template: ['ignition', 'cs', 'put', 'id' in request ? request.id : ''],
    } as Record<string, readonly unknown[]>
  )[request.kind] ?? ['', '', '', ''];
  const record = { user: write.id, category, instance, action, detail };
  return {
    key: `audit/20261121/${String(revision).padStart(8, '0')}${write.id}`,
    value: JSON.stringify(record),
  };
}

/** As stored, for rack 0: addresses by the plan of all runs. */
function stored(serial: string, index: number, state = 'uninitialized', labels = {}) {
  return {
    spec: {
      ...{ serial, rack: 0, 'index-in-rack': index, role: 'cs', labels },
      ...{ 'retire-date': retireDate, 'register-date': retireDate },
      ipv4: [`127.64.0.${index}`, `127.64.0.${32 + index}`],
      bmc: { type: 'iDRAC-9', ipv4: `127.72.1.${index}` },
    },
    status: { state },
  };
}

function register(...serials: readonly string[]): WriteRequest {
  const machines = serials.map((serial) => ({
    ...{ serial, rack: 0, role: 'cs', bmcType: 'iDRAC-9', labels: {}, retireDate },
  }));
  return { kind: 'register', machines };
}

/** Two machines, one of them healthy since a while. */
function twoMachines() {
  const story = aStory();
  story.stored(['ipam', chaosIpam], story.ask({ kind: 'ipam' }));
  const both = story.ask(register('a', 'b'));
  story.stored(
    ['machines/a', stored('a', 4)],
    ['machines/b', stored('b', 5)],
    ['node-indices/0', [4, 5]],
    both,
  );
  const healthy = { ...story.ask({ kind: 'state', serial: 'a', to: 'healthy' }) };
  story.stored(['machines/a', stored('a', 4, 'healthy')], {
    ...healthy,
    detail: 'uninitialized -> healthy: set by c',
  } as Write);
  return story;
}

function kindsOf(history: History): readonly string[] {
  return [...new Set(check(history).map(({ kind }) => kind))];
}

const text = (json: unknown) => JSON.stringify(machineObject(json));

describe('a faithful history has no violations', () => {
  it('of requests that are done, refused for good reason, and lost on the way', () => {
    const story = twoMachines();
    story.ask(register('a'), refused('machine-exists'));
    story.ask({ kind: 'remove', serial: 'a' }, refused('not-retired'));
    story.ask({ kind: 'state', serial: 'b', to: 'updating' }, refused('transition-forbidden'));
    story.ask({ kind: 'state', serial: 'a', to: 'healthy' });
    story.ask({ kind: 'remove', serial: 'z' }, refused('machine-unknown'));
    story.ask({ kind: 'label', serial: 'b', name: 'team', value: 'x' }, unknown);
    const late = story.ask({ kind: 'label', serial: 'b', name: 'team', value: 'y' }, unknown);
    story.stored(['machines/b', stored('b', 5, 'uninitialized', { team: 'y' })], late);
    expect(check(story.history())).toEqual([]);
  });

  it('of requests that share a commit, whatever their order in it', () => {
    const story = twoMachines();
    const one = story.ask({ kind: 'label', serial: 'b', name: 'team', value: '1' }, unknown);
    const other = story.ask({ kind: 'label', serial: 'b', name: 'team', value: '2' }, unknown);
    story.stored(['machines/b', stored('b', 5, 'uninitialized', { team: '1' })], one, other);
    expect(check(story.history())).toEqual([]);
  });

  it('of another server that is a little behind', () => {
    const story = twoMachines();
    const look = {
      server: 1,
      startMs: story.nowMs(),
      endMs: story.nowMs() + 1,
      object: 'machine a',
    };
    const looks = [{ ...look, value: text(stored('a', 4)) }];
    expect(check(story.history({ looks }))).toEqual([]);
  });
});

describe('each broken promise is found', () => {
  it('an acknowledged change that is not in etcd', () => {
    const story = twoMachines();
    story.ask({ kind: 'label', serial: 'a', name: 'team', value: 'x' });
    expect(kindsOf(story.history())).toEqual(['write-lost']);
  });

  it('an acknowledged change that was overwritten by one that had begun before it', () => {
    const story = twoMachines();
    const first = story.ask({ kind: 'label', serial: 'b', name: 'team', value: '1' });
    const second = story.ask({ kind: 'label', serial: 'b', name: 'team', value: '2' });
    story.stored(['machines/b', stored('b', 5, 'uninitialized', { team: '2' })], second);
    story.stored(['machines/b', stored('b', 5, 'uninitialized', { team: '1' })], first);
    expect(kindsOf(story.history())).toEqual(['order-broken']);
  });

  it('a change done twice', () => {
    const story = twoMachines();
    const write = story.ask({ kind: 'label', serial: 'b', name: 'team', value: '1' });
    story.stored(['machines/b', stored('b', 5, 'uninitialized', { team: '1' })], write);
    story.stored(write);
    expect(kindsOf(story.history())).toEqual(['write-doubled']);
  });

  it('a refused change that is there all the same', () => {
    const story = twoMachines();
    const write = story.ask(
      { kind: 'label', serial: 'b', name: 'team', value: '1' },
      refused('store-unavailable'),
    );
    story.stored(['machines/b', stored('b', 5, 'uninitialized', { team: '1' })], write);
    expect(kindsOf(story.history())).toEqual(['refused-done']);
  });

  it('a refusal without a reason', () => {
    const story = twoMachines();
    story.ask({ kind: 'remove', serial: 'a' }, refused('machine-unknown'));
    expect(kindsOf(story.history())).toEqual(['refusal-wrong']);
  });

  it('a change without an audit record, and a record without a request', () => {
    const story = twoMachines();
    story.stored(['machines/b', stored('b', 5, 'retired')]);
    expect(kindsOf(story.history())).toEqual(['change-unasked']);
    story.stored({ ...story.ask(register('x'), unknown), id: 'nobody' });
    expect(kindsOf(story.history())).toContain('audit-unasked');
  });

  it('a change that is not what was asked for', () => {
    const story = twoMachines();
    const write = story.ask({ kind: 'label', serial: 'b', name: 'team', value: '1' });
    story.stored(['machines/b', stored('b', 5, 'uninitialized', { team: '2' })], write);
    expect(kindsOf(story.history())).toEqual(['change-wrong']);
  });

  it('half a registration', () => {
    const story = twoMachines();
    const write = story.ask(register('c', 'd'));
    story.stored(['machines/c', stored('c', 6)], ['node-indices/0', [4, 5, 6]], write);
    expect(kindsOf(story.history())).toEqual(['change-wrong']);
  });

  it('a template that made room without a record of it', () => {
    const story = twoMachines();
    const put = (minor: number): WriteRequest => {
      const id = `1.${minor}.0`;
      return { kind: 'template', role: 'cs', id, tag: id };
    };
    for (let minor = 0; minor < 10; minor += 1) {
      story.stored(
        [`ignitions/cs/1.${minor}.0`, { meta: { tag: `1.${minor}.0` } }],
        story.ask(put(minor)),
      );
    }
    expect(kindsOf(story.history())).toEqual([]);
    const last = ['ignitions/cs/1.10.0', { meta: { tag: '1.10.0' } }] as const;
    story.stored(last, ['ignitions/cs/1.0.0', undefined], story.ask(put(10)));
    expect(kindsOf(story.history())).toEqual(['prune-wrong']);
  });

  it('an audit record that tells another state than the machine had', () => {
    const story = twoMachines();
    const write = story.ask({ kind: 'state', serial: 'a', to: 'retiring' });
    story.stored(['machines/a', stored('a', 4, 'retiring')], {
      ...write,
      detail: 'unhealthy -> retiring: set by c',
    } as Write);
    expect(kindsOf(story.history())).toEqual(['change-wrong']);
  });

  it('an illegal step of the life cycle', () => {
    const story = twoMachines();
    const write = story.ask({ kind: 'state', serial: 'a', to: 'retired' });
    story.stored(['machines/a', stored('a', 4, 'retired')], {
      ...write,
      detail: 'healthy -> retired: set by c',
    } as Write);
    expect(kindsOf(story.history())).toContain('change-wrong');
  });

  it('an index and addresses given twice', () => {
    const story = twoMachines();
    const write = story.ask(register('c'));
    story.stored(['machines/c', stored('c', 4)], ['node-indices/0', [4, 5, 4]], write);
    expect(kindsOf(story.history())).toEqual(['change-wrong', 'index-doubled', 'address-doubled']);
  });

  it('a rack whose list lacks a machine', () => {
    const story = twoMachines();
    story.stored(['node-indices/0', [4]]);
    expect(kindsOf(story.history())).toContain('indices-wrong');
  });

  it('a server that does not show what it acknowledged', () => {
    const story = twoMachines();
    const look = {
      server: 0,
      startMs: story.nowMs(),
      endMs: story.nowMs() + 1,
      object: 'machine a',
    };
    const looks = [{ ...look, value: text(stored('a', 4)) }];
    expect(kindsOf(story.history({ looks }))).toEqual(['look-wrong']);
  });

  it('a server that goes back in time', () => {
    const story = twoMachines();
    const at = (ms: number, json: unknown) => ({
      ...{ server: 1, startMs: story.nowMs() + ms, endMs: story.nowMs() + ms + 1 },
      ...{ object: 'machine a', value: text(json) },
    });
    const looks = [at(0, stored('a', 4, 'healthy')), at(5, stored('a', 4))];
    expect(kindsOf(story.history({ looks }))).toEqual(['look-wrong']);
  });

  it('a list that was never true, and one that is out of date in the end', () => {
    const story = twoMachines();
    const list = { server: 1, startMs: story.nowMs(), endMs: story.nowMs() + 1 };
    const half = new Map([['a', text(stored('a', 4))]]);
    expect(kindsOf(story.history({ lists: [{ ...list, machines: half }] }))).toEqual([
      'list-wrong',
    ]);
    const old = new Map([...half, ['b', text(stored('b', 5))]]);
    const late = { ...list, machines: old };
    expect(kindsOf(story.history({ lists: [late] }))).toEqual([]);
    expect(kindsOf(story.history({ lists: [{ ...late, revisionMin: 3 }] }))).toEqual([
      'list-wrong',
    ]);
  });

  it('an address promised to two clients at once, and one that was never stored', () => {
    const story = twoMachines();
    const ack = (mac: string, atMs: number) => ({
      ...{ mac, relay: '127.64.0.1', address: '127.64.0.9' },
      ...{ startMs: atMs, endMs: atMs + 1, leaseMs: 60_000 },
    });
    story.stored(['lease-usages/127.64.0.9', { m1: { index: 0, lease: '' } }]);
    const acks = [ack('m1', 0), ack('m2', 30_000)];
    expect(kindsOf(story.history({ acks }))).toEqual(['lease-doubled', 'lease-unstored']);
    const gaveUp = [{ mac: 'm1', atMs: 10_000 }];
    expect(kindsOf(story.history({ acks, gaveUp }))).toEqual(['lease-unstored']);
  });
});
