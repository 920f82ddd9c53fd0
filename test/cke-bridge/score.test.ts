import { expect, test } from 'vitest';
import { controlPlaneScore, dayScore, keepScore } from '../../src/cke-bridge/score.ts';

test.each([
  [0, 0],
  [250, 0],
  [251, 1],
  [501, 2],
  [1001, 3],
  [-251, -1],
  [-501, -2],
  [-1001, -3],
])('%i days to retirement score %i', (days, score) => {
  expect(dayScore(days)).toBe(score);
});

test('a rack with one control plane fewer beats any age', () => {
  expect(controlPlaneScore(0, -5000)).toBeGreaterThan(controlPlaneScore(1, 5000));
});

test('a healthy control plane is kept before one that is not, wherever it stands', () => {
  expect(keepScore(true, 90, -5000)).toBeGreaterThan(keepScore(false, 0, 5000));
});
