import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../src/sim/io/turn.ts';
import { playStory, storyVerbs } from '../../src/sim/player.ts';
import { parseStory } from '../../src/sim/story.ts';

const text = `# Lossy racks, two servers, a dead leader, a dead machine.
fleet racks=2 machines=12 servers=2 spares=2
boot all
at 05:00 kill s-003
at 06:00 server-kill leader
at 09:00 unplug s-004
at 12:00 plug s-004
run until 20:00
`;

async function play(seed: string) {
  const story = parseStory(text, storyVerbs);
  if (!story.ok) throw new Error(JSON.stringify(story.error));
  const played = await playStory(story.value, { seed, turn: nextTurn, loss: 0.02 });
  if (!played.ok) throw new Error(played.error);
  const { traceHash, fleet } = played.value;
  const stored = await fleet.sim.store.list('');
  if (!stored.ok) throw new Error(stored.error.text);
  const keys = stored.value.entries.map(({ key, modRevision }) => `${key}@${modRevision}`);
  return { traceHash, fired: fleet.sim.clock.fired(), keys };
}

describe('the simulated world is repeatable', () => {
  it('the same seed gives the same trace, timer for timer and key for key', async () => {
    expect(await play('one')).toEqual(await play('one'));
  });

  it('another seed gives another trace', async () => {
    expect((await play('one')).traceHash).not.toBe((await play('two')).traceHash);
  });
});
