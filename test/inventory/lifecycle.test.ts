import { describe, expect, it } from 'vitest';
import { parseMachineState, transition } from '../../src/inventory/lifecycle.ts';
import { machineStates } from '../../src/inventory/machine.ts';

/** Row: from, column: to, in the order of `machineStates`. `=` stays, `+` changes, `.` forbidden. */
const matrix = `
  = + . . . + .
  . = + + + + .
  . + = + + + .
  . + + = + + .
  + . . . = . .
  . . . . . = +
  + . . . . . =
`;

describe('life cycle', () => {
  const rows = matrix
    .trim()
    .split('\n')
    .map((row) => row.trim().split(' '));
  const cells = machineStates.flatMap((from, row) =>
    machineStates.map((to, column) => [from, to, rows[row]?.[column]] as const),
  );

  it('has 49 cells', () => expect(cells).toHaveLength(49));

  it.each(cells)('%s to %s is %s', (from, to, cell) => {
    const result = transition(from, to);
    if (cell === '.') {
      const text = `transition from [ ${from} ] to [ ${to} ] is forbidden`;
      expect(result).toEqual({
        ok: false,
        error: { kind: 'transition-forbidden', from, to, text },
      });
    } else {
      expect(result).toEqual({ ok: true, value: cell === '=' ? 'stays' : 'changes' });
    }
  });

  it.each(['healthy\n', ' healthy', 'Healthy', 'HEALTHY', '', 'dead', 'constructor'])(
    '%j is no state',
    (text) => {
      const state = parseMachineState(text);
      expect(state.ok ? '' : state.error).toContain(`invalid state: ${text}`);
    },
  );
});
