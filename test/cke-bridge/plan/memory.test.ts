import { describe, expect, test } from 'vitest';
import { addMs } from '../../../src/base/time.ts';
import { emptyMemory } from '../../../src/cke-bridge/cluster.ts';
import { remember, rememberedMax } from '../../../src/cke-bridge/plan/memory.ts';
import { defaultBridgeSettings } from '../../../src/cke-bridge/settings.ts';
import { paperMachine, start } from '../fleet.ts';

describe('what is remembered of machines that fell', () => {
  const settings = defaultBridgeSettings;

  test('nothing of healthy ones, and the same value while nothing changes', () => {
    const machines = [
      paperMachine({ serial: 'a' }),
      paperMachine({ serial: 'b', state: 'unreachable', since: start }),
    ];
    const memory = remember(emptyMemory, machines, settings, start);
    expect([...memory.keys()]).toEqual(['b']);
    expect(remember(memory, machines, settings, addMs(start, 1000))).toBe(memory);
  });

  test('one fall while a machine turns from unhealthy to unreachable', () => {
    const unhealthy = paperMachine({ serial: 'a', state: 'unhealthy', since: start });
    const later = addMs(start, 60_000);
    const silent = paperMachine({ serial: 'a', state: 'unreachable', since: later });
    const memory = remember(emptyMemory, [unhealthy], settings, start);
    const then = remember(memory, [silent], settings, later);
    expect([...then.values()]).toEqual([{ downSince: start, up: false, falls: [start] }]);
  });

  test('falls are forgotten when their window has passed', () => {
    const down = paperMachine({ serial: 'a', state: 'unreachable', since: start });
    const memory = remember(emptyMemory, [down], settings, start);
    const up = paperMachine({ serial: 'a', since: addMs(start, 1000) });
    const hour = addMs(start, settings.flapWindowSeconds * 1000 + 1);
    expect(remember(memory, [up], settings, hour).size).toBe(0);
  });

  test('at most so many machines as the store has room for', () => {
    const machines = Array.from({ length: rememberedMax + 10 }, (_, at) =>
      paperMachine({
        serial: `m-${at}`,
        rack: at >> 5,
        index: at & 31,
        state: 'unreachable',
        since: start,
      }),
    );
    const memory = remember(emptyMemory, machines, settings, start);
    expect(memory.size).toBe(rememberedMax);
    expect(remember(memory, machines, settings, start)).toBe(memory);
  });
});
