/** Servers whose copy of a blob was not what it should be: remembered for a while and asked last. */

export type Distrust = {
  readonly add: (url: string, why: string, nowMs: number) => void;
  readonly clear: (url: string) => void;
  /** URLs and why. */
  readonly at: (nowMs: number) => ReadonlyMap<string, string>;
};

const forgottenAfterMs = 30 * 60_000;
/** The oldest goes: an index of five images on ten servers has fifty URLs, but assets have no limit. */
const distrustedMax = 200;

export function createDistrust(): Distrust {
  const held = new Map<string, { readonly why: string; readonly untilMs: number }>();
  return {
    add: (url, why, nowMs) => {
      held.delete(url);
      held.set(url, { why, untilMs: nowMs + forgottenAfterMs });
      const [oldest] = held.keys();
      if (held.size > distrustedMax && oldest !== undefined) held.delete(oldest);
    },
    clear: (url) => void held.delete(url),
    at: (nowMs) => {
      for (const [url, { untilMs }] of held) if (untilMs <= nowMs) held.delete(url);
      return new Map([...held].map(([url, { why }]) => [url, why]));
    },
  };
}
