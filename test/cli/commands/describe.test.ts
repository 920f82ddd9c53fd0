import { describe, expect, it } from 'vitest';
import { askDescribed, describedText } from '../../../src/cli/commands/describe.ts';
import { Failure } from '../../../src/cli/failure.ts';
import { machineNoun } from '../../../src/cli/nouns/machine.ts';

describe('tetsu describe', () => {
  it('says which serial is unknown and ends with the code for it', async () => {
    const get = async () => ({ status: 404, body: {} });
    const failure = await askDescribed(get, machineNoun, 'nope').catch(
      (problem: unknown) => problem,
    );
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ exitCode: 3, message: 'there is no machine "nope"' });
  });

  it('prints nested facts as an outline', async () => {
    const get = async () => ({
      status: 200,
      body: { serial: 'a', list: ['x', 'y'], below: { empty: [], deep: [{ k: 1 }] } },
    });
    expect(describedText(machineNoun, await askDescribed(get, machineNoun, 'a'))).toBe(
      'serial: a\nlist: x, y\nbelow:\n  empty: none\n  deep:\n    - k: 1',
    );
  });
});
