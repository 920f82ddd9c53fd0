import { describe, expect, it } from 'vitest';
import { describeMachine } from '../../../src/cli/commands/describe.ts';
import { Failure } from '../../../src/cli/failure.ts';

describe('tetsu describe machine', () => {
  it('says which serial is unknown and ends with the code for it', async () => {
    const get = async () => ({ status: 404, body: {} });
    const failure = await describeMachine(get, 'nope').catch((problem: unknown) => problem);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ exitCode: 3, message: 'there is no machine "nope"' });
  });

  it('prints nested facts as an outline', async () => {
    const get = async () => ({
      status: 200,
      body: { serial: 'a', list: ['x', 'y'], below: { empty: [], deep: [{ k: 1 }] } },
    });
    expect(await describeMachine(get, 'a')).toBe(
      'serial: a\nlist: x, y\nbelow:\n  empty: none\n  deep:\n    - k: 1',
    );
  });
});
