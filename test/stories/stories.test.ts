import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../src/sim/io/turn.ts';
import { playStory, storyVerbs } from '../../src/sim/player.ts';
import { parseStory, withExpectations } from '../../src/sim/story.ts';

// UPDATE_STORIES=1 rewrites what is expected. Commit only differences you understand.
const updating = process.env['UPDATE_STORIES'] === '1';
const folder = new URL('.', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.story'));

describe('stories', () => {
  for (const file of files.toSorted()) {
    const url = new URL(file, folder);
    const text = readFileSync(url, 'utf8');
    const story = parseStory(text, storyVerbs);
    if (!story.ok) {
      it(file, () => expect(story.error).toEqual([]));
      continue;
    }
    it(`${file}: ${story.value.title}`, async () => {
      const played = await playStory(story.value, { seed: file, turn: nextTurn });
      if (!played.ok) throw new Error(played.error);
      const seen = played.value.lines;
      if (updating) writeFileSync(url, withExpectations(text, seen));
      else expect(seen).toEqual(story.value.expected);
    });
  }
});
