import { copyFile, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createHttpApp, renewTls } from '../../src/sabakan/io/http-app.ts';
import { followTls, readTls, type TlsMaterial } from '../../src/sabakan/io/server-tls.ts';
import { createRequestCounter } from '../../src/sabakan/request-count.ts';
import { seededChance } from '../support/clock.ts';
import { type LogLine, rememberingLog } from '../support/silent-log.ts';
import { selfSign } from '../support/tls.ts';

let folder: string;
const at = (name: string) => join(folder, name);
const files = () => ({ cert: at('server.crt'), key: at('server.key'), configured: true });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tetsukan-tls-'));
  await selfSign(at('server.crt'), at('server.key'), 'one');
  await selfSign(at('two.crt'), at('two.key'), 'two');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('reading the certificate', () => {
  it('takes a certificate with its key', async () => {
    expect(await readTls(files())).toMatchObject({
      ok: true,
      value: { cert: expect.stringMatching(/^-----BEGIN CERTIFICATE-----/) },
    });
  });

  it('is off where the default files do not exist, and not where one of them does', async () => {
    const none = { cert: at('none.crt'), key: at('none.key'), configured: false };
    expect(await readTls(none)).toEqual({ ok: true, value: undefined });
    const half = await readTls({ ...files(), key: at('none.key'), configured: false });
    expect(half).toMatchObject({ ok: false, error: expect.stringContaining('server-key: ') });
    const named = await readTls({ ...none, configured: true });
    expect(named).toMatchObject({ ok: false, error: expect.stringContaining(at('none.crt')) });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a key of another certificate', () => copyFile(at('two.key'), at('server.key'))],
    ['an empty certificate', () => writeFile(at('server.crt'), '')],
    ['an empty key', () => writeFile(at('server.key'), '')],
    ['a certificate in the place of the key', () => copyFile(at('two.crt'), at('server.key'))],
    ['something else', () => writeFile(at('server.crt'), 'hello')],
  ])('refuses %s', async (_, spoil) => {
    await spoil();
    const read = await readTls(files());
    expect(read).toMatchObject({ ok: false, error: expect.stringContaining('server-cert') });
    const key = await readFile(at('server.key'), 'utf8');
    if (key !== '' && !read.ok) expect(read.error).not.toContain(key.slice(40, 60));
  });
});

/** Who answers on this port, and in which version of TLS. */
function greeted(port: number, maxVersion?: 'TLSv1.1'): Promise<string> {
  return new Promise((resolve) => {
    const limits =
      maxVersion === undefined
        ? {}
        : ({ minVersion: 'TLSv1', maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' } as const);
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ...limits };
    const socket = connect(options, () => {
      resolve(`${socket.getPeerCertificate().subject.CN} ${socket.getProtocol()}`);
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'refused'));
  });
}

describe('a listener whose certificate changes', () => {
  const log: LogLine[] = [];
  let stop: () => Promise<void>;
  let port = 0;

  beforeEach(async () => {
    log.length = 0;
    const world = { clock: systemClock, chance: seededChance(), log: rememberingLog(log) };
    const first = await readTls(files());
    if (!first.ok || first.value === undefined) throw new Error('the test is wrong');
    const handle = async () => ({ status: 200, headers: {}, body: { kind: 'none' } }) as const;
    const app = createHttpApp(handle, world, createRequestCounter(), first.value);
    await app.listen({ host: '127.0.0.1', port: 0 });
    port = (app.server.address() as { port: number }).port;
    const use = (tls: TlsMaterial) => renewTls(app, tls);
    const following = followTls({ files: files(), first: first.value, world, use, everyMs: 10 });
    stop = async () => {
      following.stop();
      await app.close();
    };
  });
  afterEach(() => stop());

  const said = (message: RegExp) => log.filter((line) => message.test(line.message));

  it('shows the new one to new connections, without a restart, however it was put there', async () => {
    expect(await greeted(port)).toBe('one TLSv1.3');
    await copyFile(at('two.crt'), at('server.crt'));
    await copyFile(at('two.key'), at('server.key'));
    await expect.poll(() => greeted(port)).toBe('two TLSv1.3');
    for (const name of ['three', 'four']) {
      await selfSign(at(`${name}.crt`), at(`${name}.key`), name);
      for (const end of ['crt', 'key']) {
        await symlink(at(`${name}.${end}`), at('link'));
        await rename(at('link'), at(`server.${end}`));
      }
      await expect.poll(() => greeted(port)).toBe(`${name} TLSv1.3`);
    }
    expect(said(/renewed/).at(-1)?.fields).toMatchObject({ subject: 'CN=four' });
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'a certificate without its key',
      async () => {
        await copyFile(at('two.crt'), at('whole'));
        await rename(at('whole'), at('server.crt'));
      },
    ],
    [
      'rubbish',
      async () => {
        await writeFile(at('rubbish'), 'hello');
        await rename(at('rubbish'), at('server.crt'));
      },
    ],
    ['an empty file', () => writeFile(at('server.key'), '')],
    ['nothing', () => rm(at('server.key'))],
  ])('keeps the old one when the new one is %s, says so once, and recovers', async (_, spoil) => {
    await spoil();
    await expect.poll(() => said(/cannot be used/).length).toBe(1);
    expect(await greeted(port)).toBe('one TLSv1.3');
    expect(said(/cannot be used/)).toHaveLength(1);
    await copyFile(at('two.crt'), at('server.crt'));
    await copyFile(at('two.key'), at('server.key'));
    await expect.poll(() => greeted(port)).toBe('two TLSv1.3');
  });

  it('speaks nothing older than TLS 1.2, before and after a renewal', async () => {
    expect(await greeted(port, 'TLSv1.1')).toMatch(/PROTOCOL_VERSION/);
    await copyFile(at('two.crt'), at('server.crt'));
    await copyFile(at('two.key'), at('server.key'));
    await expect.poll(() => greeted(port)).toBe('two TLSv1.3');
    expect(await greeted(port, 'TLSv1.1')).toMatch(/PROTOCOL_VERSION/);
  });
});
