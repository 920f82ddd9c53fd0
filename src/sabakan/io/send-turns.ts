/**
 * Downloads take turns. The network takes megabytes from each of them at a time, so two hundred would keep the event
 * loop for half a second, and DHCP, timers and other requests with it.
 */

export type SendTurns = {
  /**
   * To be called when so many octets were handed to the network.
   *
   * @returns undefined: go on; else when to go on
   */
  readonly after: (bytes: number) => Promise<void> | undefined;
};

/** All downloads together, before everything else has its turn: a few milliseconds of copying. */
export const turnBytesDefault = 8 * 1024 * 1024;

/** @param defer calls back when everything else has had its turn: `setImmediate`. */
export function createSendTurns(turnBytes: number, defer: (go: () => void) => void): SendTurns {
  let spent = 0;
  let deferred = false;
  /** In the order they came, so that each has as much as any other. */
  let waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  const begin = (): void => {
    deferred = false;
    spent = 0;
    let count = 0;
    // What each is about to send is taken to be as much as it has sent.
    for (let planned = 0; count < waiting.length && planned < turnBytes; count += 1) {
      planned += waiting[count]?.bytes ?? 0;
    }
    const now = waiting.slice(0, count);
    waiting = waiting.slice(count);
    if (waiting.length > 0) nextTurn();
    for (const { go } of now) go();
  };

  const nextTurn = (): void => {
    if (deferred) return;
    deferred = true;
    defer(begin);
  };

  return {
    after: (bytes) => {
      spent += bytes;
      // The budget is of one turn, whoever spends it.
      nextTurn();
      if (spent < turnBytes && waiting.length === 0) return undefined;
      return new Promise((go) => waiting.push({ bytes, go }));
    },
  };
}
