/** How many requests there were, by status, route and method; every label is bounded by what we serve. */

export type RequestCount = {
  readonly code: number;
  readonly path: string;
  readonly verb: string;
  readonly count: number;
  /** Time in our hands, all of them together. */
  readonly seconds: number;
};

export type RequestCounter = {
  readonly add: (code: number, path: string, verb: string, seconds: number) => void;
  readonly all: () => readonly RequestCount[];
};

const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
/** Statuses, routes and methods multiply to some hundreds; more would be a route without a bounded name. */
const seriesMax = 2000;

export function createRequestCounter(): RequestCounter {
  const series = new Map<string, { -readonly [K in keyof RequestCount]: RequestCount[K] }>();
  return {
    add: (code, path, verb, seconds) => {
      const known = verbs.includes(verb) ? verb : 'other';
      const wanted = `${code} ${path} ${known}`;
      const key = series.has(wanted) || series.size < seriesMax ? wanted : 'other';
      const one = series.get(key) ?? { code, path, verb: known, count: 0, seconds: 0 };
      if (key === 'other') one.path = 'other';
      one.count += 1;
      one.seconds += seconds;
      series.set(key, one);
    },
    all: () => [...series.values()],
  };
}
