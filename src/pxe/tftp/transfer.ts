/**
 * One read transfer as a state machine: an ACK or the time in, what to send and when to wake up out
 * (RFC 1350, RFC 1123 section 4.2.3, RFC 7440). Blocks are counted from 1 without end; the wire has their lowest
 * 16 bits.
 */

export type Transfer = {
  readonly plan: TransferPlan;
  /** Blocks 1 to `acked` are with the client; -1 while the OACK has no answer. */
  readonly acked: number;
  /** Blocks up to here have been sent. */
  readonly sent: number;
  /** How often the packets that wait for an answer were sent. */
  readonly copies: number;
  readonly sentAtMs: number;
  /** Absolute: packets that are ignored do not move it, or two impatient ends would lock up. */
  readonly deadlineMs: number;
  /** Smoothed round trip and its variation (RFC 6298), undefined until one was measured. */
  readonly roundTripMs: number | undefined;
  readonly variationMs: number;
};

export type TransferPlan = {
  /** How many DATA packets there are; the last one is short, perhaps empty. */
  readonly blocks: number;
  readonly windowBlocks: number;
  /** Agreed with the client: then it is obeyed as it is. */
  readonly timeoutMs: number | undefined;
  readonly startsWithOptions: boolean;
};

export type Sending =
  | { readonly kind: 'send-options'; readonly next: Transfer }
  /** DATA `first` to `last`, both included. */
  | {
      readonly kind: 'send-data';
      readonly next: Transfer;
      readonly first: number;
      readonly last: number;
    };

/** What is to be done next. */
export type Step =
  | Sending
  | { readonly kind: 'nothing' }
  | { readonly kind: 'done' }
  | { readonly kind: 'given-up'; readonly copies: number };

/** Before a round trip is known. RFC 1350 leaves it open; firmware itself waits 1 to 4 s. */
const firstTimeoutMs = 1_000;
/** A scheduler's hiccup on either side is no loss; yet with one lost packet in a hundred this decides the speed. */
const timeoutMinMs = 20;
const timeoutMaxMs = 6_000;
/** Then the transfer is dropped: some 25 s of silence. */
const copiesMax = 12;
/** To an address that never answered: whoever forges a sender must not gain much by it. */
const copiesUnprovenMax = 6;

const nothing: Step = { kind: 'nothing' };

/** RFC 1350 section 6: a full last block is followed by an empty one. */
export function blocksOf(sizeBytes: number, blockBytes: number): number {
  return Math.floor(sizeBytes / blockBytes) + 1;
}

/** The first packets: OACK, or DATA 1 and the rest of the first window. */
export function startTransfer(plan: TransferPlan, nowMs: number): Sending {
  const start: Transfer = {
    plan,
    acked: plan.startsWithOptions ? -1 : 0,
    sent: 0,
    copies: 0,
    sentAtMs: nowMs,
    deadlineMs: nowMs,
    roundTripMs: undefined,
    variationMs: 0,
  };
  return sendWindow(start, nowMs, 1);
}

/** @param wireBlock the 16 bits of the ACK. */
export function onAck(transfer: Transfer, wireBlock: number, nowMs: number): Step {
  const { acked, sent, plan } = transfer;
  if (acked === -1) {
    if (wireBlock !== 0) return nothing;
    return sendWindow({ ...measured(transfer, nowMs), acked: 0 }, nowMs, 1);
  }
  const ahead = (wireBlock - acked) & 0xffff;
  // A repeated or old ACK never causes DATA (RFC 1123 section 4.2.3.1, the Sorcerer's Apprentice), nor does one for
  // a block that was not sent. The first gap of a window is thus closed by the timer, any other one right away.
  if (ahead === 0 || acked + ahead > sent) return nothing;
  const next = acked + ahead;
  if (next >= plan.blocks) return { kind: 'done' };
  return sendWindow({ ...measured(transfer, nowMs), acked: next }, nowMs, 1);
}

export function onTime(transfer: Transfer, nowMs: number): Step {
  if (nowMs < transfer.deadlineMs) return nothing;
  const { copies, roundTripMs } = transfer;
  const max = roundTripMs === undefined ? copiesUnprovenMax : copiesMax;
  if (copies >= max) return { kind: 'given-up', copies };
  return sendWindow(transfer, nowMs, copies + 1);
}

function sendWindow(transfer: Transfer, nowMs: number, copies: number): Sending {
  const { acked, plan } = transfer;
  const first = acked + 1;
  const last = acked === -1 ? 0 : Math.min(acked + plan.windowBlocks, plan.blocks);
  const next: Transfer = {
    plan,
    acked,
    sent: Math.max(transfer.sent, last),
    copies,
    sentAtMs: nowMs,
    deadlineMs: nowMs + timeoutMs(transfer, copies),
    roundTripMs: transfer.roundTripMs,
    variationMs: transfer.variationMs,
  };
  return acked === -1 ? { kind: 'send-options', next } : { kind: 'send-data', next, first, last };
}

function timeoutMs(transfer: Transfer, copies: number): number {
  if (transfer.plan.timeoutMs !== undefined) return transfer.plan.timeoutMs;
  const { roundTripMs, variationMs } = transfer;
  const base = roundTripMs === undefined ? firstTimeoutMs : roundTripMs + 4 * variationMs;
  return Math.min(Math.max(base, timeoutMinMs) * 2 ** (copies - 1), timeoutMaxMs);
}

/** RFC 6298 section 2; Karn: the answer to something sent twice measures nothing, but proves the address. */
function measured(transfer: Transfer, nowMs: number): Transfer {
  const { roundTripMs, variationMs, copies } = transfer;
  const sampleMs = nowMs - transfer.sentAtMs;
  if (copies > 1) {
    return roundTripMs === undefined
      ? { ...transfer, roundTripMs: firstTimeoutMs / 2, variationMs: firstTimeoutMs / 8 }
      : transfer;
  }
  if (roundTripMs === undefined) {
    return { ...transfer, roundTripMs: sampleMs, variationMs: sampleMs / 2 };
  }
  return {
    ...transfer,
    roundTripMs: roundTripMs + (sampleMs - roundTripMs) / 8,
    variationMs: variationMs + (Math.abs(sampleMs - roundTripMs) - variationMs) / 4,
  };
}
