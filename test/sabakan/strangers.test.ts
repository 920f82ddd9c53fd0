import { describe, expect, it } from 'vitest';
import { ok } from '../../src/base/result.ts';
import { parseTarget } from '../../src/sabakan/request-target.ts';
import { aFace, aSpec, type TestFace } from '../support/face.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** As it would come from a socket: nobody has cleaned up the path. */
async function ask(
  face: TestFace,
  method: string,
  target: string,
  body: string,
  remoteAddress = '192.0.2.7',
) {
  const read = parseTarget(target);
  if (!read.ok) return { status: 400 };
  return face.handle({
    method,
    ...read.value,
    headers: new Map([
      ['content-type', 'application/json'],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-real-ip', '127.0.0.1'],
      ['forwarded', 'for=127.0.0.1'],
      ['x-http-method-override', 'PUT'],
      ['x-method-override', 'PUT'],
      ['x-original-url', '/api/v1/state/a'],
      ['x-rewrite-url', '/api/v1/state/a'],
    ]),
    remoteAddress,
    requestId: 'r-1',
    body: {
      read: async () => ok(bytes(body)),
      stream: async function* () {
        yield bytes(body);
      },
    },
  });
}

const tricks = [
  '/api/v1/X',
  '//api/v1/X',
  '/api//v1/X',
  '/api/v1//X',
  '/./api/v1/X',
  '/x/../api/v1/X',
  '/api/v1/../v1/X',
  '/api/v1/./X',
  '/api/v1/crypts/../X',
  '/api/v1/crypts/%2e%2e/X',
  '/api/v1/crypts%2f..%2fX',
  '/%61pi/v1/X',
  '/api%2fv1%2fX',
  '/api/v1%2fX',
  '/api/%76%31/X',
  '/api/v1/%2e%2e/v1/X',
  '/api/v1/%252e%252e/X',
  '/api/v1/X%00',
  '/api/v1/X%0a',
  '/api/v1/X?_method=PUT',
  '/api/v1/X;a=b',
  '/api/v1/X#a',
  '/API/V1/X',
  '/api/v1\\X',
  '/api/v1/%c0%ae%c0%ae/X',
  'http://127.0.0.1/api/v1/X',
  'HTTP://localhost:10080/api/v1/X',
  'https://127.0.0.1//api/v1/X',
  '/graphql/../api/v1/X',
  '/health/../api/v1/X',
];
const resources = [
  ['machines', '[{"serial":"new","role":"cs","bmc":{"type":"ipmi"}}]'],
  ['machines/gone', ''],
  ['state/a', 'healthy'],
  ['labels/a/x', 'y'],
  ['retire-date/a', '2031-01-02T03:04:05Z'],
  ['config/dhcp', '{}'],
  ['kernel_params/coreos', 'quiet'],
  ['ignitions/cs/1', '{"version":"2.3","template":{},"meta":null}'],
  ['images/coreos/1', 'x'],
  ['assets/a', 'x'],
] as const;

describe('a stranger', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'put', 'PUT ', 'TRACE', 'CONNECT', ''])(
    'changes nothing by %j, however the path is written',
    async (method) => {
      const face = await aFace();
      await face.must('POST /api/v1/machines', { body: [aSpec('a'), aSpec('gone')] });
      for (const body of ['retiring', 'retired']) {
        await face.must('PUT /api/v1/state/gone', { body });
      }
      // All but the records of what was refused, which are few and on purpose.
      const all = async () => {
        const listing = await face.store.list('');
        return JSON.stringify(
          listing.ok && listing.value.entries.filter((entry) => !isDenial(entry.value)),
        );
      };
      const before = await all();
      for (const trick of tricks) {
        for (const [resource, body] of resources) {
          const target = trick.replace('X', resource);
          const { status } = await ask(face, method, target, body);
          expect([target, status >= 400 && status < 500]).toEqual([target, true]);
        }
      }
      expect(await all()).toBe(before);
    },
  );

  it('reads, as every booting machine does', async () => {
    const face = await aFace();
    await face.must('POST /api/v1/machines', { body: [aSpec('a')] });
    for (const target of ['/api/v1/machines', '/api/v1/state/a', '/api/v1/logs', '/health']) {
      expect([target, (await ask(face, 'GET', target, '')).status]).toEqual([target, 200]);
    }
  });
});

describe('a machine that Sabakan took under a serial that is not taken here', () => {
  it.each(['x,y', 'a/b', '..', '.', 'a\nb', ' a ', 'a\u200bb', '\\', 'x'.repeat(300)])(
    '%j is read, changed and removed as ever, and not registered again',
    async (serial) => {
      const face = await aFace();
      await face.must('POST /api/v1/machines', { body: [aSpec('old')] });
      const found = await face.store.get(['machines/old']);
      const record = found.ok ? new TextDecoder().decode(found.value.entries[0]?.value) : '';
      const moved = record.replace('"old"', JSON.stringify(serial));
      await face.store.commit(
        [],
        [
          { kind: 'delete', key: 'machines/old' },
          { kind: 'put', key: `machines/${serial}`, value: bytes(moved) },
        ],
      );
      await face.clock.run(1);
      const local = (method: string, path: string, body = '') =>
        ask(face, method, `/api/v1/${path}`, body, '127.0.0.1').then(({ status }) => status);
      const name = encodeURIComponent(serial);
      expect(await local('GET', 'machines')).toBe(200);
      expect(await local('GET', `state/${name}`)).toBe(200);
      expect(await local('PUT', `state/${name}`, 'healthy')).toBe(200);
      expect(await local('PUT', `retire-date/${name}`, '2031-01-02T03:04:05Z')).toBe(200);
      // A label's name begins after the first slash, in Sabakan, too.
      expect(await local('PUT', `labels/${name}/x`, 'y')).toBe(serial.includes('/') ? 400 : 200);
      expect(await local('PUT', `state/${name}`, 'retiring')).toBe(200);
      expect(await local('PUT', `state/${name}`, 'retired')).toBe(200);
      expect(await local('DELETE', `machines/${name}`)).toBe(200);
      const anew = JSON.stringify([aSpec(serial)]);
      expect(await local('POST', 'machines', anew)).toBe(400);
      expect(face.inventory.machines()).toEqual([]);
    },
  );
});

function isDenial(value: Uint8Array): boolean {
  return new TextDecoder().decode(value).includes('"category":"denied"');
}
