import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createNet } from '../../src/base/io/udp.ts';

/** What arrives when `count` datagrams leave in one call. */
async function arrivals(count: number, frameBytes: number, lastBytes: number): Promise<Buffer[]> {
  const receiver = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const got: Buffer[] = [];
  const all = new Promise<void>((resolve) => {
    receiver.on('message', (payload) => {
      got.push(payload);
      if (got.length === count) resolve();
    });
  });
  const opened = await createNet().openUdp({
    address: '127.0.0.1',
    port: 0,
    frames: true,
    onDatagram: () => {},
    onError: () => {},
  });
  if (!opened.ok) throw new Error(opened.error.text);
  const { sendFrames, close } = opened.value;
  if (sendFrames === undefined) throw new Error('this system sends no frames');
  const bytes = framesOf(count, frameBytes, lastBytes);
  sendFrames(bytes, frameBytes, { address: '127.0.0.1', port: receiver.address().port });
  bytes.fill(0);
  await all;
  close();
  receiver.close();
  return got;
}

function framesOf(count: number, frameBytes: number, lastBytes: number): Uint8Array {
  return Buffer.from(
    Array.from({ length: (count - 1) * frameBytes + lastBytes }, (_, at) => at % 251),
  );
}

describe('datagrams that leave in one call', () => {
  for (const [what, count, frameBytes, lastBytes] of [
    ['one, shorter than the rest would be', 1, 1472, 4],
    ['two, the last of four octets', 2, 1472, 4],
    ['as many as one call of the system takes', 44, 1472, 1472],
    ['more than one call of the system takes', 150, 1472, 700],
    ['more than 64 that are short', 200, 516, 9],
    ['so short that the system does not cut them', 20, 12, 7],
    ['longer than a link takes', 3, 40_000, 100],
  ] as const) {
    it(`arrive each for itself: ${what}`, async () => {
      const got = await arrivals(count, frameBytes, lastBytes);
      expect(got.map(({ length }) => length)).toEqual([
        ...Array.from({ length: count - 1 }, () => frameBytes),
        lastBytes,
      ]);
      expect(Buffer.concat(got).equals(framesOf(count, frameBytes, lastBytes))).toBe(true);
    });
  }
});
