import { describe, expect, it } from 'vitest';
import { createSendTurns } from '../../../src/sabakan/io/send-turns.ts';

/** Downloads that send slices of 100 octets as often as they may, and turns that come when the test says so. */
function aStage(turnBytes: number) {
  const deferred: (() => void)[] = [];
  const turns = createSendTurns(turnBytes, (go) => deferred.push(go));
  const sent = new Map<string, number>();
  const download = async (name: string, slices: number): Promise<void> => {
    for (let slice = 0; slice < slices; slice += 1) {
      sent.set(name, (sent.get(name) ?? 0) + 100);
      await turns.after(100);
    }
  };
  const turn = async (): Promise<void> => {
    deferred.shift()?.();
    // Promises that were let go run to their next wait.
    for (let at = 0; at < 100; at += 1) await undefined;
  };
  const total = (): number => [...sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  return { download, turn, sent, total, deferred };
}

describe('downloads', () => {
  it('that are few go on without waiting', async () => {
    const { download, sent } = aStage(1_000);
    await download('a', 5);
    expect(sent.get('a')).toBe(500);
  });

  it('together send no more than the budget before everything else has its turn', async () => {
    const { download, turn, total } = aStage(500);
    for (let at = 0; at < 50; at += 1) void download(`d${at}`, 10);
    await turn();
    for (let before = total(); before < 50_000; before = total()) {
      await turn();
      expect(total() - before).toBeGreaterThan(0);
      expect(total() - before).toBeLessThanOrEqual(600);
    }
  });

  it('have as much as any other at any moment', async () => {
    const { download, turn, sent, total } = aStage(500);
    for (let at = 0; at < 50; at += 1) void download(`d${at}`, 10);
    while (total() < 50_000) {
      await turn();
      const all = [...sent.values()];
      expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(100);
    }
  });
});
