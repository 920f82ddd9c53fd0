/** Contexts: which servers a name stands for, and how to speak with them. As `~/.config/tetsu/config.yml` holds them. */

import { fail, ok, type Result } from '../base/result.ts';

export type Context = {
  /** Asked in this order; the next one when one does not answer. */
  readonly servers: readonly string[];
  readonly token?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
};

export type Contexts = {
  readonly current: string | undefined;
  readonly contexts: ReadonlyMap<string, Context>;
};

export const noContexts: Contexts = { current: undefined, contexts: new Map() };

/** Of one context; a fleet has three or five. */
export const serversMax = 16;

const members = {
  servers: 'servers',
  token: 'token',
  'token-file': 'tokenFile',
  'ca-file': 'caFile',
  'cert-file': 'certFile',
  'key-file': 'keyFile',
} as const;

/** @returns every mistake, with its path */
export function parseContexts(value: unknown): Result<Contexts, readonly string[]> {
  if (value === null || value === undefined) return ok(noContexts);
  const mistakes: string[] = [];
  const top = mapOf(value, 'the file', mistakes);
  for (const name of top.keys()) {
    if (!['current', 'contexts'].includes(name)) {
      mistakes.push(`${name}: is unknown; there are current and contexts`);
    }
  }
  const contexts = new Map<string, Context>();
  for (const [name, given] of mapOf(top.get('contexts') ?? {}, 'contexts', mistakes)) {
    contexts.set(name, contextOf(given, `contexts.${name}`, mistakes));
  }
  const current = top.get('current') ?? undefined;
  if (current !== undefined && (typeof current !== 'string' || !contexts.has(current))) {
    mistakes.push(`current: there is no context ${JSON.stringify(current)}`);
  }
  if (mistakes.length > 0) return fail(mistakes);
  return ok({ current: typeof current === 'string' ? current : undefined, contexts });
}

/** The other way, for the file. */
export function contextsToYaml({ current, contexts }: Contexts): unknown {
  const named = [...contexts].map(([name, context]) => {
    const given = Object.entries(members).flatMap(([member, key]) => {
      const value = context[key];
      return value === undefined ? [] : [[member, value] as const];
    });
    return [name, Object.fromEntries(given)] as const;
  });
  return { ...(current === undefined ? {} : { current }), contexts: Object.fromEntries(named) };
}

/** The first context that is made is the current one. */
export function setContext(all: Contexts, name: string, change: Partial<Context>): Contexts {
  const before = all.contexts.get(name) ?? { servers: [] };
  const contexts = new Map(all.contexts).set(name, { ...before, ...change });
  return { current: all.current ?? name, contexts };
}

export function deleteContext(all: Contexts, name: string): Contexts {
  const contexts = new Map(all.contexts);
  contexts.delete(name);
  return { current: all.current === name ? undefined : all.current, contexts };
}

/** A path would be lost between hosts and be asked nothing. */
export function checkServer(text: string): Result<string, string> {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return fail(
      `${JSON.stringify(text)} is no http:// or https:// URL, such as https://boot-0:10443`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    return fail('a URL with a user or password is not taken: tokens say who asks');
  }
  return ok(url.origin);
}

function contextOf(value: unknown, path: string, mistakes: string[]): Context {
  const found: Record<string, unknown> = {};
  for (const [name, given] of mapOf(value, path, mistakes)) {
    const key = Object.hasOwn(members, name) ? members[name as keyof typeof members] : undefined;
    if (key === undefined) {
      mistakes.push(`${path}.${name}: is unknown; there are ${Object.keys(members).join(', ')}`);
    } else if (key === 'servers') found[key] = serversOf(given, `${path}.servers`, mistakes);
    else if (typeof given === 'string' && given !== '') found[key] = given;
    else mistakes.push(`${path}.${name}: must be text`);
  }
  if (found['servers'] === undefined) mistakes.push(`${path}.servers: is missing`);
  return { servers: [], ...found } as Context;
}

function serversOf(value: unknown, path: string, mistakes: string[]): readonly string[] {
  const list = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(list) || list.length === 0 || list.length > serversMax) {
    mistakes.push(`${path}: must be a list of 1 to ${serversMax} URLs`);
    return [];
  }
  return list.flatMap((one) => {
    const server = checkServer(String(one));
    if (server.ok) return [server.value];
    mistakes.push(`${path}: ${server.error}`);
    return [];
  });
}

function mapOf(value: unknown, path: string, mistakes: string[]): ReadonlyMap<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return new Map(Object.entries(value));
  }
  mistakes.push(`${path}: must be a map`);
  return new Map();
}
