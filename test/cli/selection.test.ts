import { describe, expect, it } from 'vitest';
import { askDescribed } from '../../src/cli/commands/describe.ts';
import { selectorOf } from '../../src/cli/commands/list.ts';
import { macNamed } from '../../src/cli/mac-name.ts';
import { bootNoun } from '../../src/cli/nouns/boot.ts';
import { discoveryNoun } from '../../src/cli/nouns/discovery.ts';
import { matcherOf, selectForReading } from '../../src/cli/selection.ts';

const range = (...names: readonly string[]) => ({
  names,
  racks: [],
  isOne: names.length === 1,
  without: { names: [], racks: [] },
});
const boot = { id: '525400000001-1795283345', serial: 'S1', mac: '52:54:00:00:00:01' };

describe('what is watched by name', () => {
  it.each([
    ['S1', true],
    ['52:54:00:00:00:01', true],
    ['52:54:00:00:00:01'.toUpperCase(), true],
    ['525400000001-1795283345', true],
    ['S2', false],
    ['525400000001-1795283346', false],
  ])('of boots, %s: %s', (name, isMeant) => {
    expect(matcherOf(bootNoun, range(name))(boot)).toBe(isMeant);
  });
});

describe('who is named by hardware address', () => {
  it.each([
    ['52:54:00:00:00:01', '52:54:00:00:00:01'],
    ['52-54-00-AB-CD-EF', '52:54:00:ab:cd:ef'],
    ['5254.00ab.cdef', '52:54:00:ab:cd:ef'],
  ])('%s is %s', (name, mac) => {
    expect(macNamed(name)).toBe(mac);
    expect(selectorOf({ mac: name }, undefined)).toBe(`mac=${mac}`);
  });

  it('is told from a serial number of twelve digits', () => {
    expect(macNamed('525400000001')).toBeUndefined();
    expect(selectorOf({ mac: '525400ABCDEF,52:54:00:00:00:02' }, undefined)).toBe(
      'mac in (52:54:00:ab:cd:ef,52:54:00:00:00:02)',
    );
  });
});

describe('machines that nobody registered', () => {
  const waiting = {
    id: '52-54-00-00-00-01',
    serial: 'S1',
    mac: '52:54:00:00:00:01',
    wish: {},
    rackGuess: null,
  };
  const get = async (path: string) => {
    const isOne = path === '/api/v2/discoveries/52-54-00-00-00-01';
    if (isOne) return { status: 200, body: waiting };
    const isList = path.startsWith('/api/v2/discoveries?');
    const isMeant = /serial%3DS1|mac%3D52%3A54%3A00%3A00%3A00%3A01/.test(path);
    const body = { items: isMeant ? [waiting] : [], next: null, revision: '1' };
    return isList ? { status: 200, body } : { status: 404, body: {} };
  };

  it.each(['52-54-00-00-00-01', 'S1', '52:54:00:00:00:01', '52-54-00-00-00-01'.toUpperCase()])(
    'are described and listed by what tetsu approve takes: %s',
    async (name) => {
      // The id in capitals is the same address.
      expect(await askDescribed(get, discoveryNoun, name)).toEqual(waiting);
      expect(await selectForReading(get, discoveryNoun, { range: range(name) })).toEqual([waiting]);
    },
  );

  it('are told as unknown otherwise', async () => {
    for (const one of [
      askDescribed(get, discoveryNoun, 'S2'),
      selectForReading(get, discoveryNoun, { range: range('S2') }),
    ]) {
      await expect(one).rejects.toThrow('there is no discovery "S2"');
    }
  });
});
