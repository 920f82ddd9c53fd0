import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  blocksOf,
  onAck,
  onTime,
  type Step,
  startTransfer,
  type Transfer,
  type TransferPlan,
} from '../../../src/pxe/tftp/transfer.ts';
import { seededChance } from '../../support/clock.ts';

const plan = (over: Partial<TransferPlan> = {}): TransferPlan => ({
  blocks: 10,
  windowBlocks: 1,
  timeoutMs: undefined,
  startsWithOptions: false,
  ...over,
});

function started(over: Partial<TransferPlan> = {}): Transfer {
  return startTransfer(plan(over), 0).next;
}

function describeStep(step: Step): string {
  return step.kind === 'send-data' ? `data ${step.first}-${step.last}` : step.kind;
}

function nextOf(step: Step): Transfer {
  if (step.kind !== 'send-data' && step.kind !== 'send-options') throw new Error(step.kind);
  return step.next;
}

describe('one TFTP transfer', () => {
  it('RFC 1350 section 6: a length that is a multiple of the block size ends with an empty block', () => {
    expect([0, 1, 511, 512, 513, 1024].map((size) => blocksOf(size, 512))).toEqual([
      1, 1, 1, 2, 2, 3,
    ]);
  });

  it('RFC 2347 section 2: no DATA before the client has acknowledged the options', () => {
    const first = startTransfer(plan({ startsWithOptions: true }), 0);
    expect(describeStep(first)).toBe('send-options');
    expect(describeStep(onAck(first.next, 1, 1))).toBe('nothing');
    expect(describeStep(onAck(first.next, 0, 1))).toBe('data 1-1');
  });

  it('RFC 1350 section 2: an ACK brings the next block, and the last one the end', () => {
    let transfer = started({ blocks: 3 });
    transfer = nextOf(onAck(transfer, 1, 1));
    transfer = nextOf(onAck(transfer, 2, 2));
    expect(onAck(transfer, 3, 3).kind).toBe('done');
  });

  it("RFC 1123 section 4.2.3.1: the Sorcerer's Apprentice gets no DATA for old and repeated ACKs", () => {
    let transfer = started();
    for (const block of [1, 2, 3]) transfer = nextOf(onAck(transfer, block, block));
    expect([3, 2, 1, 0, 65_535].map((block) => onAck(transfer, block, 9).kind)).toEqual(
      Array(5).fill('nothing'),
    );
  });

  it('an ACK for a block that was not sent yet is ignored', () => {
    expect(onAck(started(), 2, 1).kind).toBe('nothing');
    expect(onAck(started({ windowBlocks: 4 }), 5, 1).kind).toBe('nothing');
  });

  it('RFC 7440 section 4: a whole window goes per ACK, and inside a window it goes on right after it', () => {
    const first = startTransfer(plan({ windowBlocks: 4 }), 0);
    expect(describeStep(first)).toBe('data 1-4');
    const inside = onAck(first.next, 2, 1);
    expect(describeStep(inside)).toBe('data 3-6');
    expect(describeStep(onAck(nextOf(inside), 2, 2))).toBe('nothing');
    expect(describeStep(onAck(nextOf(inside), 6, 2))).toBe('data 7-10');
  });

  it('block numbers roll over from 65535 to 0, also inside a window', () => {
    let transfer: Transfer = {
      ...started({ blocks: 70_000, windowBlocks: 4 }),
      acked: 65_532,
      sent: 65_536,
    };
    const step = onAck(transfer, 0, 1);
    expect(describeStep(step)).toBe('data 65537-65540');
    transfer = nextOf(step);
    expect(describeStep(onAck(transfer, 2, 2))).toBe('data 65539-65542');
  });

  it('the first copy is repeated after a second, the timer follows the round trip from then on', () => {
    let transfer = started({ blocks: 1_000 });
    expect(transfer.deadlineMs).toBe(1_000);
    for (let block = 1; block <= 50; block += 1)
      transfer = nextOf(onAck(transfer, block, block * 2));
    expect(transfer.deadlineMs - transfer.sentAtMs).toBe(20);
    for (let block = 51; block <= 200; block += 1) {
      transfer = nextOf(onAck(transfer, block, transfer.sentAtMs + 100));
    }
    expect(transfer.deadlineMs - transfer.sentAtMs).toBeGreaterThan(100);
    expect(transfer.deadlineMs - transfer.sentAtMs).toBeLessThan(150);
  });

  it('RFC 1123 section 4.2.3.2: copies come further and further apart, then the transfer is dropped', () => {
    let transfer = nextOf(onAck(started(), 1, 2));
    const gaps: number[] = [];
    let step: Step = onTime(transfer, transfer.deadlineMs);
    while (step.kind === 'send-data') {
      gaps.push(step.next.sentAtMs - transfer.sentAtMs);
      transfer = step.next;
      step = onTime(transfer, transfer.deadlineMs);
    }
    expect(gaps).toEqual([20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 6000, 6000]);
    expect(step).toEqual({ kind: 'given-up', copies: 12 });
  });

  it('an address that never answered gets fewer copies', () => {
    let step: Step = startTransfer(plan(), 0);
    while (step.kind === 'send-data') step = onTime(step.next, step.next.deadlineMs);
    expect(step).toEqual({ kind: 'given-up', copies: 6 });
  });

  it('RFC 2349 section 2: an agreed timeout is obeyed as it is', () => {
    const step = onTime(started({ timeoutMs: 3_000 }), 3_000);
    expect(nextOf(step).deadlineMs).toBe(6_000);
    expect(onTime(started({ timeoutMs: 3_000 }), 2_999).kind).toBe('nothing');
  });

  it('Karn: the answer to a block sent twice does not change the measured round trip', () => {
    const once = nextOf(onAck(started(), 1, 4));
    const twice = nextOf(onTime(once, once.deadlineMs));
    expect(nextOf(onAck(twice, 2, twice.sentAtMs + 0.1)).roundTripMs).toBe(once.roundTripMs);
  });

  it('content arrives whole whatever is lost, doubled or overtaken', () => {
    fc.assert(
      fc.property(
        fc.record({
          blocks: fc.integer({ min: 1, max: 120 }),
          windowBlocks: fc.constantFrom(1, 2, 4, 16, 64),
          startsWithOptions: fc.boolean(),
          loss: fc.double({ min: 0, max: 0.2, noNaN: true }),
          doubled: fc.double({ min: 0, max: 0.2, noNaN: true }),
          jitterMs: fc.integer({ min: 0, max: 5 }),
          seed: fc.nat(),
        }),
        (weather) => {
          const { received, sentPackets, outcome } = play(weather);
          if (outcome === 'given-up') return;
          expect(outcome).toBe('done');
          expect(received).toEqual(Array.from({ length: weather.blocks }, (_, at) => at + 1));
          // No amplification: the copies stay in proportion to what gets lost.
          expect(sentPackets).toBeLessThan(weather.blocks * (weather.windowBlocks + 2) * 4 + 200);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** A client of RFC 7440 and the transfer, joined by a bad network in virtual time. */
function play(weather: {
  readonly blocks: number;
  readonly windowBlocks: number;
  readonly startsWithOptions: boolean;
  readonly loss: number;
  readonly doubled: number;
  readonly jitterMs: number;
  readonly seed: number;
}) {
  const chance = seededChance(weather.seed);
  const events: { atMs: number; run: () => void }[] = [];
  const received: number[] = [];
  let [nowMs, sentPackets, sinceAck, clientTriedAtMs] = [0, 0, 0, 0];
  let outcome: string | undefined;
  let transfer: Transfer;
  const deliver = (run: () => void) => {
    if (chance.next() < weather.loss) return;
    const copies = chance.next() < weather.doubled ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      events.push({ atMs: nowMs + 1 + chance.next() * weather.jitterMs, run });
    }
  };
  const ack = () => {
    sinceAck = 0;
    clientTriedAtMs = nowMs;
    const block = received.length;
    deliver(() => take(onAck(transfer, block & 0xffff, nowMs)));
  };
  const onBlock = (block: number) => {
    if (block !== received.length + 1) return ack();
    received.push(block);
    sinceAck += 1;
    if (sinceAck >= weather.windowBlocks || block === weather.blocks) ack();
    return undefined;
  };
  const take = (step: Step) => {
    if (outcome !== undefined) return;
    if (step.kind === 'done' || step.kind === 'given-up') outcome = step.kind;
    if (step.kind !== 'send-data' && step.kind !== 'send-options') return;
    transfer = step.next;
    if (step.kind === 'send-options') deliver(ack);
    else
      for (let block = step.first; block <= step.last; block += 1) {
        sentPackets += 1;
        deliver(() => onBlock(block));
      }
  };
  const first = startTransfer(plan(weather), 0);
  transfer = first.next;
  take(first);
  while (outcome === undefined) {
    events.sort((a, b) => a.atMs - b.atMs);
    const event = events[0];
    const wakeMs = Math.min(transfer.deadlineMs, clientTriedAtMs + 3_000);
    if (event !== undefined && event.atMs <= wakeMs) {
      events.shift();
      nowMs = event.atMs;
      event.run();
    } else {
      nowMs = Math.max(nowMs, wakeMs);
      if (nowMs >= transfer.deadlineMs) take(onTime(transfer, nowMs));
      else ack();
    }
    if (nowMs > 600_000) outcome = 'stalled';
  }
  return { received, sentPackets, outcome };
}
