/**
 * Which of many descriptors have something (epoll), asked in three ways: at once, waiting within a turn of the event
 * loop, and by a thread of Node's pool.
 *
 * Who waits for an answer that comes within microseconds must not pay for the waiting: a timeout of less than the kernel's
 * own tick programs the clock's hardware twice, a third of what a block of a file by TFTP costs. So the wait itself has no
 * timeout; a timer that ticks on by itself ends it, and so does whatever the event loop itself has to do.
 */

import { isMainThread } from 'node:worker_threads';
import { assert } from '../assert.ts';
import type { Native } from './native.ts';

export type ReadySet = {
  readonly add: (fd: number) => void;
  /**
   * How many descriptors have something, `eventsMax` at most; `at` tells which. While `keepTicking` is on it waits until
   * one has, the next tick comes, or one of Node's own has something; else it never waits.
   */
  readonly look: () => number;
  /** A descriptor of the last `look`, from 0. */
  readonly at: (index: number) => number;
  /** True when the last `look` found that something else has its turn now. */
  readonly isTurnOver: () => boolean;
  readonly keepTicking: (isOn: boolean) => void;
  /** A thread of the pool waits; `then` is called when a descriptor has something, or after `sleepMs`. */
  readonly sleep: (then: () => void) => void;
  /** Ends a sleep. */
  readonly wake: () => void;
};

/** A thread of the pool comes back so often, whatever happens. */
const sleepMs = 500;
const eventsMax = 256;
/**
 * Before it waits it asks again and again for so long: on a machine that is idle otherwise a core that waits is put to
 * sleep, and waking it takes longer than an answer from the same room.
 */
const askAgainMs = 0.05;
/** Where that was in vain, so many times it waits at once: a crowded machine has better use for the time. */
const restAfterVain = 32;

const eventBytes = 12;
const linux = {
  epollIn: 1,
  epollAdd: 1,
  epollModify: 3,
  clockMonotonic: 1,
  cloexec: 0o2000000,
  nonBlock: 0o4000,
} as const;

/** @returns undefined where the system gives no descriptor any more */
export function createReadySet(native: Native, tickMs: number): ReadySet | undefined {
  const calls = callsOf(native);
  const set = calls.epollCreate(linux.cloexec);
  const bell = calls.eventFd(0, linux.cloexec | linux.nonBlock);
  const timer = calls.timerFd(linux.clockMonotonic, linux.cloexec | linux.nonBlock);
  if (set < 0 || bell < 0 || timer < 0) return undefined;
  const eventLoop = eventLoopOf(native);
  const event = Buffer.alloc(eventBytes);
  const events = Buffer.alloc(eventBytes * eventsMax);
  const eventsOfSleep = Buffer.alloc(eventBytes);
  const found = new Int32Array(eventsMax);
  const eight = Buffer.alloc(8);
  const ticks = intervalOf(tickMs);
  const noTicks = intervalOf(0);
  let isTicking = false;
  let isTurnOver = false;
  let rest = 0;

  const wait = (): number => {
    const ready = calls.epollWait(set, events, eventsMax, 0);
    if (ready > 0 || !isTicking) return ready;
    if (rest > 0) rest -= 1;
    else {
      for (const untilMs = performance.now() + askAgainMs; performance.now() < untilMs; ) {
        const late = calls.epollWait(set, events, eventsMax, 0);
        if (late > 0) return late;
      }
      rest = restAfterVain;
    }
    return calls.epollWait(set, events, eventsMax, -1);
  };

  const control = (operation: number, fd: number, interest: number): void => {
    event.writeUInt32LE(interest, 0);
    event.writeInt32LE(fd, 4);
    calls.epollControl(set, operation, fd, event);
  };

  control(linux.epollAdd, bell, linux.epollIn);
  control(linux.epollAdd, timer, linux.epollIn);
  if (eventLoop !== undefined) control(linux.epollAdd, eventLoop, 0);
  return {
    add: (fd) => control(linux.epollAdd, fd, linux.epollIn),
    look: () => {
      const ready = wait();
      isTurnOver = false;
      let count = 0;
      for (let at = 0; at < ready; at += 1) {
        const fd = events.readInt32LE(at * eventBytes + 4);
        if (fd === timer || fd === bell) calls.read(fd, eight, 8);
        if (fd === timer || fd === eventLoop) isTurnOver = true;
        else if (fd !== bell) {
          found[count] = fd;
          count += 1;
        }
      }
      return count;
    },
    at: (index) => found[index] ?? -1,
    isTurnOver: () => isTurnOver,
    keepTicking: (isOn) => {
      if (isTicking === isOn) return;
      const isSet = calls.timerSet(timer, 0, isOn ? ticks : noTicks, null) === 0;
      assert(isSet, 'a timer of our own takes an interval');
      isTicking = isOn;
      // Of no interest to a thread that sleeps: it would wake for everything the event loop does.
      if (eventLoop !== undefined) control(linux.epollModify, eventLoop, isOn ? linux.epollIn : 0);
    },
    sleep: (then) => calls.sleep(set, eventsOfSleep, 1, sleepMs, then),
    wake: () => {
      eight.writeBigUInt64LE(1n);
      calls.write(bell, eight, 8);
    },
  };
}

/** struct itimerspec: the interval and the first time, each in seconds and nanoseconds. */
function intervalOf(everyMs: number): Buffer {
  const bytes = Buffer.alloc(32);
  for (const at of [0, 16]) {
    bytes.writeBigInt64LE(BigInt(Math.floor(everyMs / 1_000)), at);
    bytes.writeBigInt64LE(BigInt((everyMs % 1_000) * 1_000_000), at + 8);
  }
  return bytes;
}

/** The descriptor Node's event loop waits with, which has something when one of Node's own has; undefined: not told. */
function eventLoopOf(native: Native): number | undefined {
  if (!isMainThread) return undefined;
  try {
    const program = native.load(null);
    const loop = program.func('void *uv_default_loop()')() as unknown;
    const fd = program.func('int uv_backend_fd(void *)')(loop) as number;
    return fd < 0 ? undefined : fd;
  } catch {
    return undefined;
  }
}

type Call = (...given: readonly unknown[]) => number;

function callsOf(native: Native) {
  const libc = native.load('libc.so.6');
  const call = (signature: string): Call => libc.func(signature);
  const wait = libc.func('int epoll_wait(int, void *, int, int)');
  return {
    epollCreate: call('int epoll_create1(int)'),
    epollControl: call('int epoll_ctl(int, int, int, void *)'),
    epollWait: wait as Call,
    sleep: (set: number, events: Buffer, count: number, forMs: number, then: () => void): void => {
      wait.async(set, events, count, forMs, () => then());
    },
    eventFd: call('int eventfd(uint32, int)'),
    timerFd: call('int timerfd_create(int, int)'),
    timerSet: call('int timerfd_settime(int, int, void *, void *)'),
    read: call('long read(int, void *, size_t)'),
    write: call('long write(int, void *, size_t)'),
  };
}
