import { expect, it } from 'vitest';
import { isForeignPage } from '../../../src/sabakan/who/foreign-page.ts';
import { aFace } from '../../support/face.ts';

it.each([
  [{}, false],
  [{ 'sec-fetch-site': 'none' }, false],
  [{ 'sec-fetch-site': 'same-origin' }, false],
  [{ 'sec-fetch-site': 'same-site' }, true],
  [{ 'sec-fetch-site': 'cross-site' }, true],
  [{ host: 'boot:10080', origin: 'http://boot:10080' }, false],
  [{ host: 'BOOT:10080', origin: 'http://boot:10080' }, false],
  [{ host: 'boot:10080', origin: 'http://boot' }, true],
  [{ host: 'boot:10080', origin: 'http://evil.example' }, true],
  [{ host: 'boot:10080', origin: 'null' }, true],
  [{ host: 'boot:10080', origin: '' }, true],
])('a request with %j comes from a foreign page: %s', (headers, is) => {
  expect(isForeignPage(new Map(Object.entries(headers)))).toBe(is);
});

it('a foreign page changes nothing by the browser of an administrator, and reads no answer', async () => {
  const face = await aFace();
  const headers = { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' };
  for (const what of ['POST /api/v1/machines', 'POST /api/v2/tokens', 'POST /graphql']) {
    const answer = await face.ask(what, { headers, body: '[]' });
    expect([what, answer.statusCode]).toEqual([what, 403]);
  }
  const read = await face.ask('GET /api/v1/assets', { headers });
  expect([read.statusCode, read.headers['access-control-allow-origin']]).toEqual([200, undefined]);
});
