import { describe, expect, it } from 'vitest';
import type { Send } from '../../../src/cli/answer.ts';
import { setPolicy } from '../../../src/cli/commands/boot-policy.ts';
import { bootRuleNoun } from '../../../src/cli/nouns/boot-policy.ts';

const stored = {
  name: 'canaries',
  revision: '7',
  match: { serials: [], role: null, labels: { canary: 'yes', product: 'R650' } },
  channel: 'canary',
  image: null,
  kernelParams: null,
  templates: {},
};

async function set(wish: Parameters<typeof setPolicy>[3], body: unknown = stored) {
  const sent: unknown[] = [];
  const send: Send = async (method, _, sentBody) => {
    if (method === 'PUT') sent.push(sentBody);
    const isThere = body !== null;
    return { status: isThere || method === 'PUT' ? 200 : 404, body: body ?? {}, etag: '"7"' };
  };
  return { said: await setPolicy(send, bootRuleNoun, 'canaries', wish, false), sent };
}

describe('tetsu boot-rule set', () => {
  it('writes nothing where all is as it was, whatever the order of labels', async () => {
    const match = { labels: { product: 'R650', canary: 'yes' } };
    expect(await set({ pins: { channel: 'canary' }, match, unset: ['image'] })).toEqual({
      said: 'boot-rule canaries is as it was',
      sent: [],
    });
  });

  it('says what it changed, and leaves alone what it was not told', async () => {
    const { said, sent } = await set({ pins: { channel: 'stable' }, match: {}, unset: [] });
    expect(said).toBe('boot-rule canaries is changed');
    expect(sent).toEqual([{ channel: 'stable', match: { labels: stored.match.labels } }]);
    const { sent: without } = await set({ pins: {}, match: {}, unset: ['labels'] });
    expect(without).toEqual([{ channel: 'canary', match: {} }]);
  });

  it('makes what is not there', async () => {
    const made = await set({ pins: { image: '1' }, match: {}, unset: [] }, null);
    expect(made.said).toBe('boot-rule canaries is made');
  });
});
