import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { problemTable } from '../../src/sabakan/problems.ts';
import { aFace, aSpec } from '../support/face.ts';

describe('docs/errors.md', () => {
  it('has each kind with its status, in the order of the table', () => {
    const rows = [
      ...readFileSync('docs/errors.md', 'utf8').matchAll(
        /^\| `([a-z-]+)` \| (\d+(?:, v2 \d+)?) \|/gm,
      ),
    ];
    const told = rows.map(([, kind, status]) => `${kind} ${status}`);
    const real = Object.entries(problemTable).map(
      ([kind, row]) => `${kind} ${row.status}${'v2' in row ? `, v2 ${row.v2}` : ''}`,
    );
    expect(told).toEqual(real);
  });
});

describe('a body that is Sabakan’s to the letter', () => {
  it('has the kind and the whole explanation in a header beside it', async () => {
    const face = await aFace();
    const body = [aSpec('a', { role: 'boot' })];
    await face.must('POST /api/v1/machines', { body });
    const again = await face.ask('POST /api/v1/machines', { body: [aSpec('b', { role: 'boot' })] });
    expect(again.json().error).toBe('conflicted');
    expect(again.headers['x-tetsukan-detail']).toMatch(
      /^boot-slot-taken: rack 0 has a boot machine/,
    );
    const odd = await face.ask('PUT /api/v1/state/a', { body: '鉄\r\nX: y' });
    expect(odd.headers['x-tetsukan-detail']).toMatch(/^bad-request: invalid state: \?\?\?X: y/);
  });
});
