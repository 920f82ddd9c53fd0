import { describe, expect, it } from 'vitest';
import type { Datagram } from '../../src/base/world.ts';
import { nextTurn } from '../../src/sim/io/turn.ts';
import type { SimHost } from '../../src/sim/network.ts';
import { createSimWorld, type SimWorld } from '../../src/sim/world.ts';

const startMs = Date.UTC(2026, 10, 21, 6);

function aWorld(seed = 'seed'): SimWorld {
  return createSimWorld({ seed, startMs, turn: nextTurn });
}

function aHost(name: string, address: string, link = 'lan'): SimHost & { address: () => string } {
  return {
    name,
    interfaces: [
      { name: 'eth0', mac: '52:54:00:00:00:01', link, ipv4: [{ address, prefixLength: 24 }] },
    ],
    isUp: () => true,
    address: () => address,
  };
}

describe('virtual time', () => {
  it('timers fire in order of time, then of creation', async () => {
    const { clock } = aWorld();
    const seen: string[] = [];
    clock.after(20, () => seen.push('late'));
    clock.after(10, () => seen.push('first'));
    clock.after(10, () => seen.push('second'));
    await clock.runUntil(30);
    expect(seen).toEqual(['first', 'second', 'late']);
    expect(clock.now()).toBe(startMs + 30);
  });

  it('a thousand timers in any order come out sorted', async () => {
    const { clock, chance } = aWorld();
    const seen: number[] = [];
    for (let n = 0; n < 1000; n += 1) {
      clock.after(chance.next() * 1000, () => seen.push(clock.elapsedMs()));
    }
    await clock.runUntil(1000);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.length).toBe(1000);
  });

  it('promises settle before time goes on', async () => {
    const { clock } = aWorld();
    const seen: string[] = [];
    clock.after(1, async () => {
      for (let hop = 0; hop < 50; hop += 1) await Promise.resolve();
      seen.push('settled');
    });
    clock.after(2, () => seen.push('next timer'));
    await clock.runUntil(5);
    expect(seen).toEqual(['settled', 'next timer']);
  });

  it('a timer called off never fires', async () => {
    const { clock } = aWorld();
    let fired = false;
    const stop = clock.after(1, () => {
      fired = true;
    });
    stop();
    await clock.runUntil(5);
    expect(fired).toBe(false);
  });
});

describe('seeded chance', () => {
  it('the same seed and purpose draw the same numbers, others do not', () => {
    const draw = (seed: string, purpose: string) => {
      const chance = aWorld(seed).chance.split(purpose);
      return Array.from({ length: 5 }, chance.next);
    };
    expect(draw('a', 'x')).toEqual(draw('a', 'x'));
    expect(draw('a', 'x')).not.toEqual(draw('b', 'x'));
    expect(draw('a', 'x')).not.toEqual(draw('a', 'y'));
  });

  it('numbers fill [0, 1) evenly', () => {
    const { chance } = aWorld();
    const buckets = new Array<number>(10).fill(0);
    for (let n = 0; n < 10_000; n += 1) {
      const at = Math.floor(chance.next() * 10);
      buckets[at] = (buckets[at] ?? 0) + 1;
    }
    expect(Math.min(...buckets)).toBeGreaterThan(850);
    expect(Math.max(...buckets)).toBeLessThan(1150);
  });
});

describe('simulated datagrams', () => {
  async function heardBy(to: { address: string; port: number }, listeners: SimHost[]) {
    const sim = aWorld();
    const heard: string[] = [];
    for (const host of listeners) {
      await sim.network.netOf(host).openUdp({
        address: '0.0.0.0',
        port: 67,
        onDatagram: (datagram: Datagram) => heard.push(`${host.name}<${datagram.from.address}`),
        onError: () => {},
      });
    }
    const sender = await sim.network.netOf(aHost('sender', '10.0.0.1')).openUdp({
      address: '0.0.0.0',
      port: 0,
      onDatagram: () => {},
      onError: () => {},
    });
    if (sender.ok) sender.value.send(Uint8Array.of(1), to);
    await sim.clock.runUntil(10);
    return heard;
  }
  const near = aHost('near', '10.0.0.2');
  const far = aHost('far', '10.0.1.2', 'elsewhere');

  it('a broadcast stays on its link', async () => {
    expect(await heardBy({ address: '255.255.255.255', port: 67 }, [near, far])).toEqual([
      'near<10.0.0.1',
    ]);
  });

  it('unicast reaches its address on any link', async () => {
    expect(await heardBy({ address: '10.0.1.2', port: 67 }, [near, far])).toEqual(['far<10.0.0.1']);
  });

  it('a host that is down hears nothing', async () => {
    const down = { ...near, isUp: () => false };
    expect(await heardBy({ address: '10.0.0.2', port: 67 }, [down])).toEqual([]);
  });

  it('two sockets cannot own one address and port', async () => {
    const sim = aWorld();
    const options = { address: '10.9.9.9', port: 70, onDatagram: () => {}, onError: () => {} };
    await sim.network.netOf(near).openUdp(options);
    const second = await sim.network.netOf(far).openUdp(options);
    expect(second.ok ? 'opened' : second.error.kind).toBe('port-taken');
  });
});

describe('simulated HTTP', () => {
  const get = { method: 'GET', timeoutMs: 500, bodyBytesMax: 10 } as const;

  async function ask(url: string, bodyLength: number) {
    const sim = aWorld();
    sim.web.listen('10.0.0.9', 80, {
      isUp: () => true,
      handle: async () => ({ status: 200, headers: {}, body: new Uint8Array(bodyLength) }),
    });
    sim.web.listen('10.0.0.8', 80, { isUp: () => false, handle: () => Promise.reject() });
    let answer = 'none';
    const { http } = sim.worldOf(near());
    void http.request({ ...get, url }).then((result) => {
      answer = result.ok ? String(result.value.status) : result.error.kind;
    });
    await sim.clock.runUntil(1000);
    return answer;
  }
  const near = () => aHost('near', '10.0.0.2');

  it('requests are answered, refused, cut off or time out', async () => {
    expect(await ask('http://10.0.0.9/', 10)).toBe('200');
    expect(await ask('http://10.0.0.9/', 11)).toBe('too-large');
    expect(await ask('http://10.0.0.7/', 1)).toBe('refused');
    expect(await ask('http://10.0.0.8/', 1)).toBe('timed-out');
  });
});

describe('trace', () => {
  it('its hash depends on what, when and in which order', async () => {
    const hashOf = async (steps: readonly (readonly [number, string])[]) => {
      const sim = aWorld();
      for (const [at, what] of steps) sim.clock.after(at, () => sim.trace.add('who', what));
      await sim.clock.runUntil(10);
      return sim.trace.hash();
    };
    const one = await hashOf([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(
      await hashOf([
        [1, 'a'],
        [2, 'b'],
      ]),
    ).toBe(one);
    expect(
      await hashOf([
        [2, 'a'],
        [1, 'b'],
      ]),
    ).not.toBe(one);
    expect(
      await hashOf([
        [1, 'a'],
        [3, 'b'],
      ]),
    ).not.toBe(one);
  });
});
