import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTftp, encodeTftp, type TftpPacket } from '../../../src/pxe/tftp/packet.ts';

const word = fc.integer({ min: 0, max: 65_535 });
const text = fc
  .array(fc.integer({ min: 1, max: 255 }), { maxLength: 20 })
  .map((codes) => String.fromCharCode(...codes));
const options = fc.array(fc.tuple(text, text), { maxLength: 5 });
const packets: fc.Arbitrary<TftpPacket> = fc.oneof(
  fc.record({ kind: fc.constantFrom('read', 'write'), file: text, mode: text, options }),
  fc.record({ kind: fc.constant('data' as const), block: word, data: fc.uint8Array() }),
  fc.record({ kind: fc.constant('ack' as const), block: word }),
  fc.record({ kind: fc.constant('error' as const), code: word, text }),
  fc.record({
    kind: fc.constant('options-ack' as const),
    options: fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 5 }),
  }),
);

describe('TFTP packets', () => {
  it('RFC 1350 section 5: what is encoded is decoded', () => {
    fc.assert(
      fc.property(packets, (packet) => {
        expect(decodeTftp(encodeTftp(packet))).toEqual({ ok: true, value: packet });
      }),
    );
  });

  it('any octets at all are a packet or an explanation', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const packet = decodeTftp(bytes);
        expect(packet.ok || packet.error !== '').toBe(true);
      }),
    );
  });

  const check = (title: string, bytes: readonly number[], error: RegExp) =>
    it(title, () => {
      const packet = decodeTftp(Uint8Array.from(bytes));
      expect(packet.ok ? '' : packet.error).toMatch(error);
    });
  check('no octet is too few', [], /too few/);
  check('one octet is too few', [0], /too few/);
  check('three octets are too few', [0, 4, 0], /too few/);
  check('operation 7 is none', [0, 7, 0, 0], /no TFTP operation/);
  check('a name without NUL is no request', [0, 1, 65, 66], /ended by NUL/);
  check('a request without mode is none', [0, 1, 65, 0], /a mode/);
  check(
    'RFC 2347: a request over 512 octets is none',
    [0, 1, ...Array(600).fill(65), 0],
    /over 512/,
  );
});
