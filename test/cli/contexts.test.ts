import { describe, expect, it } from 'vitest';
import {
  checkServer,
  contextsToYaml,
  deleteContext,
  noContexts,
  parseContexts,
  setContext,
} from '../../src/cli/contexts.ts';

const prod = { servers: ['https://boot-0:10443', 'https://boot-1:10443'], tokenFile: '/t' };

describe('contexts', () => {
  it('are the same after they were written and read', () => {
    const all = setContext(setContext(noContexts, 'prod', prod), 'lab', {
      servers: ['http://lab'],
    });
    expect(parseContexts(contextsToYaml(all))).toEqual({ ok: true, value: all });
    expect(all.current).toBe('prod');
  });

  it('keep what is not changed, and forget the current one with its context', () => {
    const all = setContext(setContext(noContexts, 'prod', prod), 'prod', { caFile: '/ca' });
    expect(all.contexts.get('prod')).toEqual({ ...prod, caFile: '/ca' });
    expect(deleteContext(all, 'prod')).toEqual(noContexts);
  });

  it('one server may stand without a list', () => {
    const parsed = parseContexts({ contexts: { a: { servers: 'http://x:1/' } } });
    expect(parsed.ok && parsed.value.contexts.get('a')).toEqual({ servers: ['http://x:1'] });
  });

  it('an empty file has none', () => {
    expect(parseContexts(null)).toEqual({ ok: true, value: noContexts });
  });

  it('every mistake is named with its path', () => {
    const parsed = parseContexts({
      current: 'x',
      more: 1,
      contexts: { a: { server: 'http://x' }, b: { servers: ['ftp://x'], token: 7 }, c: [] },
    });
    expect(parsed.ok ? [] : parsed.error).toEqual([
      'more: is unknown; there are current and contexts',
      'contexts.a.server: is unknown; there are servers, token, token-file, ca-file, cert-file, key-file',
      'contexts.a.servers: is missing',
      expect.stringContaining('contexts.b.servers: "ftp://x" is no http://'),
      'contexts.b.token: must be text',
      'contexts.c: must be a map',
      'contexts.c.servers: is missing',
      'current: there is no context "x"',
    ]);
  });

  it.each(['localhost:1', 'ftp://x', 'http://user:pw@x'])('%s is no server', (text) => {
    expect(checkServer(text).ok).toBe(false);
  });
});
