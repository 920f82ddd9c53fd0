import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/base/memory-store.ts';
import { createTransact } from '../../src/base/transact.ts';
import { createKernelParams } from '../../src/pxe/kernel-params.ts';
import { manualClock, seededChance } from '../support/clock.ts';
import { silentLog } from '../support/silent-log.ts';

const actor = { user: 'ops', ip: '127.0.0.1', host: 'one' };

async function params() {
  const clock = manualClock();
  const store = createMemoryStore({ clock });
  const world = { clock, chance: seededChance(), log: silentLog };
  const kernelParams = createKernelParams({ store, transact: createTransact(store, world), world });
  await kernelParams.start();
  const put = async (os: string, text: string) => {
    const done = await kernelParams.put(os, text, actor);
    return done.ok ? 'done' : done.error.kind;
  };
  return { kernelParams, put, store };
}

describe('kernel parameters', () => {
  it('are stored raw, with their audit record in the same commit', async () => {
    const { kernelParams, put, store } = await params();
    expect(kernelParams.get('coreos')).toBeUndefined();
    expect(await put('coreos', 'console=ttyS0 a=b')).toBe('done');
    expect(kernelParams.get('coreos')).toBe('console=ttyS0 a=b');
    const [stored, audit] = [await store.get(['kernel-params/coreos']), await store.list('audit/')];
    const entry = stored.ok ? stored.value.entries[0] : undefined;
    expect(new TextDecoder().decode(entry?.value)).toBe('console=ttyS0 a=b');
    expect(audit.ok && audit.value.entries.map(({ modRevision }) => modRevision)).toEqual([
      entry?.modRevision,
    ]);
  });

  it.each([
    ['', true],
    ['a=b,c.d-e_f', true],
    ['/dev/sda:1;<x>?@[\\]^', true],
    ['tab\t', false],
    ['line\n', false],
    ['"quoted"', false],
    ['a#b', false],
    ['${x}', false],
    ['a && b', false],
    ['a || b', false],
    ['ü', false],
    ['x'.repeat(4_096), true],
    ['x'.repeat(4_097), false],
  ])("Sabakan's character class: %j is valid: %s", async (text, isValid) => {
    const { put, kernelParams } = await params();
    expect(await put('coreos', text)).toBe(isValid ? 'done' : 'kernel-params-invalid');
    expect(kernelParams.parse(text).ok).toBe(isValid);
  });

  it.each(['', '..', 'CoreOS', 'a/b', 'a b'])('%j is no operating system', async (os) => {
    expect(await (await params()).put(os, '')).toBe('os-invalid');
  });
});
