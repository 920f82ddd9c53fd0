import { describe, expect, it } from 'vitest';
import { parseClusterTemplate } from '../../src/cke-bridge/template.ts';
import { tarOf } from '../../src/sim/demo/boot-image.ts';
import { parseDemoOptions } from '../../src/sim/demo/options.ts';
import { createProgress, timelineOf } from '../../src/sim/demo/progress.ts';
import { clusterTemplate, relayAddressOf } from '../../src/sim/documents.ts';

describe('the demo', () => {
  it('a tar has a right checksum and whole blocks', () => {
    const tar = tarOf([['kernel', new Uint8Array(700)]]);
    expect(tar.length).toBe(512 + 1024 + 1024);
    const header = tar.slice(0, 512);
    const written = Number.parseInt(new TextDecoder().decode(header.subarray(148, 154)), 8);
    header.fill(32, 148, 156);
    expect(header.reduce((sum, octet) => sum + octet, 0)).toBe(written);
  });

  it('its cluster template is one', () => {
    const parsed = parseClusterTemplate(clusterTemplate);
    expect(parsed.ok ? parsed.value.workers.map(({ role }) => role) : parsed.error).toEqual([
      'cs',
      'ss',
    ]);
  });

  it('relays sit on the gateway address of their rack', () => {
    expect([0, 1, 4].map((rack) => relayAddressOf('127', rack))).toEqual([
      '127.69.0.1',
      '127.69.0.65',
      '127.69.1.1',
    ]);
  });
});

describe("the demo's command line", () => {
  const check = (title: string, words: readonly string[], expected: unknown) =>
    it(title, () => {
      const parsed = parseDemoOptions(words);
      expect(parsed.ok ? parsed.value : parsed.error).toEqual(expected);
    });

  check('has defaults', [], { machines: 56, racks: 2, seed: 'demo', hurry: 5, once: false });
  check('takes values with and without =', ['--once', '--machines=20', '--racks', '1'], {
    machines: 20,
    racks: 1,
    seed: 'demo',
    hurry: 5,
    once: true,
  });
  check(
    'tells every mistake at once',
    ['--racks', 'two', '--fast', '--machines', '3'],
    [
      'no option "--fast"; see --help',
      '--racks is "two", must be a whole number from 1 to 64',
      '--machines is "3", must be a whole number from 8 to 1792',
    ],
  );
  check(
    'says how many racks are needed',
    ['--machines', '100'],
    ['100 machines do not fit into 2 racks of 28; give --racks 4'],
  );
});

describe("the demo's output", () => {
  it('repeats counts only when they change, and colours nothing in a pipe', () => {
    let text = '';
    const progress = createProgress({
      write: (more) => {
        text += more;
      },
      elapsedMs: () => 1_234,
      isTerminal: false,
    });
    const counts = new Map([
      ['up', 2],
      ['dark', 0],
    ]);
    progress.counts('machines', counts);
    progress.counts('machines', counts);
    progress.say('swap', 'done', 'good');
    expect(text).toBe('   1.2s  machines    2 up\n   1.2s  swap        done\n');
  });

  it('a timeline tells when each step was reached', () => {
    const steps = [
      ['firmware', 100],
      ['loader', 600],
      ['loader', 900],
      ['up', 3_100],
    ] as const;
    expect(timelineOf(steps)).toBe('loader 0.8, up 3.0');
  });
});
