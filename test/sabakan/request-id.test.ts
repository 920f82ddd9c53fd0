import { expect, it } from 'vitest';
import { requestIdHeader } from '../../src/sabakan/request-id.ts';

it('the header is the one the environment names, or the usual one', () => {
  expect(requestIdHeader(undefined)).toBe('x-cybozu-request-id');
  expect(requestIdHeader('')).toBe('x-cybozu-request-id');
  expect(requestIdHeader('X-Request-Id')).toBe('x-request-id');
});
