import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Etcd3 } from 'etcd3';
import { afterEach, describe, expect, it } from 'vitest';
import { openEtcdStore } from '../../src/base/io/etcd-store.ts';
import { systemChance } from '../../src/base/io/system-chance.ts';
import { systemClock } from '../../src/base/io/system-clock.ts';
import { createTransact } from '../../src/base/transact.ts';
import { startTestEtcd } from '../support/etcd.ts';
import { openTestStore } from '../support/etcd-store.ts';
import { silentLog } from '../support/silent-log.ts';
import { committed, follow, listed, put, text, until } from './store.contract.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

describe('a cluster of three', () => {
  it('a frozen member delays calls by a deadline at most, and the watch goes on', async () => {
    const etcd = await startTestEtcd({ members: 3 });
    closing.push(etcd.stop);
    const store = await openTestStore(etcd.endpoints, { timeoutMs: 4_000 });
    closing.push(store.close);
    const other = await openTestStore([...etcd.endpoints].reverse());
    closing.push(other.close);
    const start = await committed(other, put('f/start'));
    const seen = follow(store, 'f/', start);
    await until('the watch', () => seen.news.length > 0);
    // The first endpoint is the one `store` talks to, and watches through.
    etcd.members[0]?.freeze();
    let longestMs = 0;
    let failed = 0;
    for (let at = 0; at < 60; at++) {
      const beganMs = performance.now();
      const outcome = await store.commit([], [put(`f/${at}`, String(at))]);
      longestMs = Math.max(longestMs, performance.now() - beganMs);
      if (!outcome.ok) failed += 1;
    }
    await until('all events', () => seen.events().length >= 60 - failed);
    console.log(
      `frozen member: longest commit ${Math.round(longestMs)} ms, ${failed} of 60 failed`,
    );
    // Each for itself would wait for its deadline and fail; an election in between may cost a few.
    expect(longestMs).toBeLessThan(60_000);
    expect(failed).toBeLessThan(20);
    const there = (await listed(store, 'f/')).entries.length;
    expect(seen.events().length).toBe(there - 1);
    seen.stop();
  });

  it('without a quorum nothing is answered as done, and it comes back by itself', async () => {
    const etcd = await startTestEtcd({ members: 3 });
    closing.push(etcd.stop);
    const store = await openTestStore(etcd.endpoints, { timeoutMs: 1_000 });
    closing.push(store.close);
    const seen = follow(store, 'q/', await committed(store, put('q/start')));
    etcd.members[1]?.freeze();
    etcd.members[2]?.freeze();
    const beganMs = performance.now();
    expect((await store.get(['q/start'])).ok).toBe(false);
    const written = await store.commit([], [put('q/during')]);
    expect(written.ok).toBe(false);
    expect(performance.now() - beganMs).toBeLessThan(60_000);
    await until('behind', () => seen.news.some((one) => one.kind === 'behind'));
    for (const member of etcd.members) member.thaw();
    let back = false;
    const endMs = performance.now() + 60_000;
    while (!back && performance.now() < endMs) back = (await store.commit([], [put('q/after')])).ok;
    expect(back).toBe(true);
    await until('the watch', () =>
      seen.events().some((event) => event.kind === 'put' && event.entry.key === 'q/after'),
    );
    seen.stop();
  });
});

describe('size and speed', () => {
  it('lists and watches more than 4 MiB, the limit of one gRPC answer by default', async () => {
    const etcd = await startTestEtcd();
    closing.push(etcd.stop);
    const store = await openTestStore(etcd.endpoints);
    closing.push(store.close);
    const start = await committed(store, put('l/start'));
    for (let at = 0; at < 24; at++) {
      const writes = Array.from({ length: 50 }, (_, i) => put(`l/${at}/${i}`, 'v'.repeat(6_000)));
      await committed(store, ...writes);
    }
    const listing = await listed(store, 'l/');
    const size = listing.entries.reduce((sum, entry) => sum + entry.value.length, 0);
    expect(size).toBeGreaterThan(7_000_000);
    expect(listing.entries.length).toBe(1_201);
    const seen = follow(store, 'l/', start);
    await until('all events', () => seen.events().length === 1_200);
    expect(seen.news.filter((one) => one.kind === 'events').length).toBe(24);
    seen.stop();
  });

  it('a full etcd refuses writes, says so, and still answers reads and takes deletes', async () => {
    const etcd = await startTestEtcd({ args: ['--quota-backend-bytes', '4000000'] });
    closing.push(etcd.stop);
    const store = await openTestStore(etcd.endpoints);
    closing.push(store.close);
    const fill = (at: number) => store.commit([], [put(`full/${at}`, 'v'.repeat(200_000))]);
    let at = 0;
    let outcome = await fill(at);
    // etcd learns how large it is when it writes to disk, every 100 ms.
    while (outcome.ok && at < 1_000) {
      at += 1;
      outcome = await fill(at);
    }
    expect(outcome).toMatchObject({
      error: { kind: 'store-refused', text: expect.stringContaining('full') },
    });
    const fresh = await openTestStore(etcd.endpoints);
    closing.push(fresh.close);
    for (const [one, key] of [
      [store, 'full/0'],
      [fresh, 'full/1'],
    ] as const) {
      expect((await one.get([key])).ok).toBe(true);
      const removed = await one.commit([], [{ kind: 'delete', key }]);
      expect(removed).toMatchObject({ value: { kind: 'committed' } });
      expect(await one.get([key])).toMatchObject({ value: { entries: [] } });
    }
  });

  it('1,000 decisions of one lane take few commits', async () => {
    const etcd = await startTestEtcd();
    closing.push(etcd.stop);
    const store = await openTestStore(etcd.endpoints);
    closing.push(store.close);
    const transact = createTransact(store, { clock: systemClock, chance: systemChance });
    const beganMs = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, at) => {
        await new Promise((resolve) => setTimeout(resolve, at / 20));
        return transact('lane', { keys: ['n'] }, (view) => {
          const next = Number(text(view.get('n')?.value) ?? '0') + 1;
          return { ok: true, value: next, writes: [put('n', String(next))] };
        });
      }),
    );
    const { commits, reads } = transact.counters();
    const ms = Math.round(performance.now() - beganMs);
    console.log(`folding: 1000 decisions, ${commits} commits, ${reads} reads, ${ms} ms`);
    expect(answers.every((answer) => answer.ok)).toBe(true);
    expect(commits).toBeLessThan(300);
    expect(reads).toBeLessThanOrEqual(2);
  });
});

describe('who may connect', () => {
  it('a store needs the right certificate, user and password, and is told what was wrong', async () => {
    const files = makeCertificates();
    const etcd = await startTestEtcd({ tls: { ca: files.ca, cert: files.cert, key: files.key } });
    closing.push(etcd.stop);
    const tls = {
      ca: readFileSync(files.ca, 'utf8'),
      cert: readFileSync(files.cert, 'utf8'),
      key: readFileSync(files.key, 'utf8'),
    };
    await protectWithPassword(etcd.endpoints, tls);
    const base = { endpoints: etcd.endpoints, prefix: '/test/', timeoutMs: 15_000 };
    const user = { username: 'tetsu', password: 'iron' };

    const store = await openTestStore(etcd.endpoints, { tls, ...user });
    closing.push(store.close);
    const seen = follow(store, 's/', await committed(store, put('s/a')));
    await committed(store, put('s/b'));
    await until('the event', () => seen.events().length === 1);
    // Simple tokens are forgotten by a restart; the store has to fetch a new one for calls and watches.
    await etcd.members[0]?.kill('SIGTERM');
    await etcd.members[0]?.restart();
    let done = false;
    const endMs = performance.now() + 60_000;
    while (!done && performance.now() < endMs) done = (await store.commit([], [put('s/c')])).ok;
    await until('the event after the restart', () => seen.events().length >= 2);
    seen.stop();

    const noCertificate = await openEtcdStore({ ...base, ...user, tls: { ca: tls.ca } }, silentLog);
    expect(noCertificate).toMatchObject({
      error: { kind: 'store-refused', text: expect.stringMatching(/TLS failed.*certificate/) },
    });
    const noAuthority = await openEtcdStore(
      { ...base, ...user, tls: { cert: tls.cert, key: tls.key } },
      silentLog,
    );
    expect(noAuthority).toMatchObject({
      error: { kind: 'store-refused', text: expect.stringMatching(/TLS failed/) },
    });
    const wrong = await openEtcdStore({ ...base, tls, ...user, password: 'rust' }, silentLog);
    expect(wrong).toMatchObject({
      error: { kind: 'store-refused', text: expect.stringContaining('user name or password') },
    });
    // Without a user name etcd takes the certificate's common name for one.
    const nobody = await openEtcdStore({ ...base, tls }, silentLog);
    expect(nobody).toMatchObject({
      error: { kind: 'store-refused', text: expect.stringContaining('not permit') },
    });
    const elsewhere = await openEtcdStore({ ...base, prefix: '/other/', tls, ...user }, silentLog);
    expect(elsewhere).toMatchObject({
      error: { kind: 'store-refused', text: expect.stringContaining('not permit') },
    });
  });
});

type CertificateFiles = { readonly ca: string; readonly cert: string; readonly key: string };

/** One certificate for 127.0.0.1, good for servers and clients, and the authority that signed it. */
function makeCertificates(): CertificateFiles {
  const directory = mkdtempSync(join(tmpdir(), 'tetsukan-tls-'));
  closing.push(async () => rmSync(directory, { recursive: true }));
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const san = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
  openssl(
    ...['req', '-x509', ...ec, '-keyout', at('ca.key'), '-out', at('ca.pem')],
    ...['-subj', '/CN=test authority', '-days', '1'],
  );
  openssl(
    ...['req', '-x509', ...ec, '-keyout', at('key.pem'), '-out', at('cert.pem')],
    ...['-subj', '/CN=127.0.0.1', '-days', '1', '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
    ...['-addext', san, '-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  );
  return { ca: at('ca.pem'), cert: at('cert.pem'), key: at('key.pem') };
}

async function protectWithPassword(
  endpoints: readonly string[],
  tls: { readonly ca: string; readonly cert: string; readonly key: string },
): Promise<void> {
  const admin = new Etcd3({
    hosts: [...endpoints],
    credentials: {
      rootCertificate: Buffer.from(tls.ca),
      certChain: Buffer.from(tls.cert),
      privateKey: Buffer.from(tls.key),
    },
  });
  const prefix = Buffer.from('/test/');
  const end = Buffer.from('/test0');
  await admin.auth.userAdd({ name: 'root', password: 'root' });
  await admin.auth.roleAdd({ name: 'root' });
  await admin.auth.userGrantRole({ user: 'root', role: 'root' });
  await admin.auth.userAdd({ name: 'tetsu', password: 'iron' });
  await admin.auth.roleAdd({ name: 'fleet' });
  await admin.auth.roleGrantPermission({
    name: 'fleet',
    perm: { permType: 'Readwrite', key: prefix, range_end: end },
  });
  await admin.auth.userGrantRole({ user: 'tetsu', role: 'fleet' });
  await admin.auth.authEnable();
  admin.close();
}
