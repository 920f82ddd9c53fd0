import { describe, expect, it } from 'vitest';
import { formatTime, parseStory, parseTime, withExpectations } from '../../src/sim/story.ts';

const verbs = new Set(['boot', 'unplug']);
const text = `# It falls silent.
fleet racks=2 machines=3

at 05:00 unplug s-002
boot all
show from 04:00
run until 1:09:00
----
05:40 s-002  healthy -> unreachable
`;

describe('stories', () => {
  it('a story has a title, a fleet, steps in order of time, an end, and what is seen', () => {
    const story = parseStory(text, verbs);
    expect(story).toEqual({
      ok: true,
      value: {
        title: 'It falls silent.',
        fleet: { racks: 2, machines: 3, servers: 1, spares: 0, controlPlanes: 3 },
        steps: [
          { atMs: 0, verb: 'boot', words: ['all'] },
          { atMs: 300_000, verb: 'unplug', words: ['s-002'] },
        ],
        showFromMs: 240_000,
        untilMs: 4_140_000,
        expected: ['05:40 s-002  healthy -> unreachable'],
      },
    });
  });

  it('every mistake is told with its line', () => {
    const story = parseStory('fleet rax=1 machines=x\nat 5 dance\nrun until soon\n', verbs);
    expect(story.ok ? [] : story.error).toEqual([
      { line: 1, text: expect.stringContaining('fleet knows no "rax"') },
      { line: 1, text: 'machines="x" is not a count' },
      { line: 2, text: '"5" is not a time such as 05:00' },
      { line: 2, text: 'no verb "dance"; known: boot, unplug' },
      { line: 3, text: '"soon" is not a time such as 09:00' },
      { line: 1, text: 'no "run until TIME"' },
    ]);
  });

  it('expectations are replaced, the story is kept', () => {
    const [script] = text.split('----');
    expect(withExpectations(text, ['06:00 seen'])).toBe(`${script}----\n06:00 seen\n`);
  });

  it('times go both ways', () => {
    for (const time of ['00:00', '05:40', '59:59', '1:00:00', '25:10:09']) {
      expect(formatTime(parseTime(time) ?? -1)).toBe(time);
    }
  });
});
