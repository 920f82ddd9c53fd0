/** Token buckets by key: so many at once, so many a second. Time is given, and the number of keys is bounded. */

export type Buckets = {
  /** Takes one. Undefined: there was one; else milliseconds until there is. */
  readonly take: (key: string, nowMs: number) => number | undefined;
  /** The same without taking. */
  readonly wait: (key: string, nowMs: number) => number | undefined;
  readonly keys: () => number;
};

type Bucket = { level: number; atMs: number };

/** @param keysMax beyond it the bucket that was asked for longest ago is forgotten, so full again. */
export function createBuckets(options: {
  readonly perSecond: number;
  readonly burst: number;
  readonly keysMax: number;
}): Buckets {
  const { perSecond, burst, keysMax } = options;
  const buckets = new Map<string, Bucket>();
  const filled = (key: string, nowMs: number): Bucket => {
    const bucket = buckets.get(key) ?? { level: burst, atMs: nowMs };
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.level = Math.min(burst, bucket.level + (passedMs / 1000) * perSecond);
    bucket.atMs = nowMs;
    return bucket;
  };
  const waitOf = ({ level }: Bucket): number | undefined =>
    level >= 1 ? undefined : Math.ceil(((1 - level) / perSecond) * 1000);
  return {
    take: (key, nowMs) => {
      const bucket = filled(key, nowMs);
      const waitMs = waitOf(bucket);
      if (waitMs === undefined) bucket.level -= 1;
      buckets.delete(key);
      buckets.set(key, bucket);
      const [oldest] = buckets.keys();
      if (buckets.size > keysMax && oldest !== undefined) buckets.delete(oldest);
      return waitMs;
    },
    wait: (key, nowMs) => (buckets.has(key) ? waitOf(filled(key, nowMs)) : undefined),
    keys: () => buckets.size,
  };
}

/** What is limited together: an IPv4 address, or the /64 in which an IPv6 host chooses its own addresses. */
export function addressKey(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().split('::', 2);
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const groups = [...front, ...Array<string>(zeros).fill('0'), ...back];
  const network = groups.slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''));
  return `${network.join(':')}::/64`;
}
