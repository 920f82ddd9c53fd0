import { expect, it } from 'vitest';
import { mayEnter } from '../../src/sabakan/access.ts';
import { parseAllowedNetwork } from '../../src/sabakan/allow-ips.ts';

const networks = ['127.0.0.1'].flatMap((text) => {
  const network = parseAllowedNetwork(text);
  return network.ok ? [network.value] : [];
});
const remoteAddress = '192.0.2.7';

// What a client writes into its request line, decoded once and not normalised.
it.each([
  ['POST', '/api/v1/../v1/machines', false],
  ['POST', '/api/v1/./machines', false],
  ['POST', '/api/v1//machines', false],
  ['PUT', '/api/v1/crypts/../machines', true],
  ['DELETE', '/api/v1/crypts/../machines/a', false],
  ['DELETE', '/api/v1/crypts/a', false],
  ['PUT', '/api/v1/cryptsa/b', false],
  ['PUT', '/api/v1/Crypts/a/b', false],
  ['PATCH', '/api/v2/machines/a', false],
  ['OPTIONS', '/api/v1/machines', false],
  ['get', '/api/v1/machines', false],
  // No route begins so, and none is looked for after cleaning the path.
  ['POST', '//api/v1/machines', true],
  ['POST', '/x/../api/v1/machines', true],
])('%s %s by a stranger: %s', (method, path, may) => {
  expect(mayEnter({ method, path, remoteAddress }, networks)).toBe(may);
});
