/** Certificate and key of the HTTPS listener: read at the start, and again whenever their files change. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { fail, ok, type Result } from '../../base/result.ts';
import type { World } from '../../base/world.ts';
import { gauge, type MetricFamily } from '../metric-text.ts';
import type { TlsFiles } from '../tls-files.ts';

/** PEM. */
export type TlsMaterial = {
  readonly cert: string;
  readonly key: string;
  /** Of clients' certificates; absent: none is asked for. */
  readonly ca?: string;
};

/**
 * Rotation tools replace files, folders or the links to them, which no single kind of file watch sees; reading two
 * small files this often costs nothing.
 */
const lookEveryMs = 5_000;

/** What the configuration calls the files, for errors. */
export type TlsMembers = { readonly cert: string; readonly key: string; readonly ca: string };
const serverMembers: TlsMembers = { cert: 'server-cert', key: 'server-key', ca: '' };
export const apiMembers: TlsMembers = {
  cert: 'api-https.cert',
  key: 'api-https.key',
  ca: 'api-https.client-ca',
};

/** Undefined where nothing is configured and the default files do not exist: HTTPS is off then. */
export async function readTls(
  files: TlsFiles,
  members: TlsMembers = serverMembers,
): Promise<Result<TlsMaterial | undefined, string>> {
  const [cert, key] = [await readPem(files.cert), await readPem(files.key)];
  if (!files.configured && !cert.ok && !key.ok && cert.error.missing && key.error.missing) {
    return ok(undefined);
  }
  if (!cert.ok) return fail(`${members.cert}: ${cert.error.text}`);
  if (!key.ok) return fail(`${members.key}: ${key.error.text}`);
  const ca = files.clientCa === undefined ? undefined : await readPem(files.clientCa);
  if (ca?.ok === false) return fail(`${members.ca}: ${ca.error.text}`);
  const tls = { cert: cert.value, key: key.value, ...(ca === undefined ? {} : { ca: ca.value }) };
  try {
    // A context takes an empty file for "none", and then refuses every handshake.
    const certificate = new X509Certificate(tls.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(tls.key))) {
      throw new Error('the key belongs to another certificate');
    }
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
    createSecureContext(tls);
    return ok(tls);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const and = files.clientCa === undefined ? '' : `, ${members.ca} ${files.clientCa}`;
    return fail(`${members.cert} ${files.cert}, ${members.key} ${files.key}${and}: ${why}`);
  }
}

/**
 * Looks at the files from time to time and hands over what is new and whole. What cannot be used is said once, when it
 * was there at two looks: between writing the one file and the other they never fit.
 */
export function followTls(deps: {
  readonly files: TlsFiles;
  readonly first: TlsMaterial;
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly use: (tls: TlsMaterial) => void;
  readonly everyMs?: number;
  /** Of the metric; default: `tetsukan_https`. */
  readonly metricPrefix?: string;
}): { readonly stop: () => void; readonly metrics: () => readonly MetricFamily[] } {
  const { files, use, everyMs = lookEveryMs } = deps;
  const { clock, log } = deps.world;
  let current = deps.first;
  let problem = { text: '', looks: 0 };
  let stopped = false;

  const look = async (): Promise<void> => {
    // Configured or not: once there was a certificate, its absence is a mistake.
    const read = await readTls({ ...files, configured: true });
    if (stopped) return;
    if (!read.ok) {
      problem = { text: read.error, looks: read.error === problem.text ? problem.looks + 1 : 1 };
      if (problem.looks === 2) {
        const text = 'the certificate files cannot be used; the certificate read before stays';
        log.error(text, { problem: problem.text, ...facts(current) });
      }
    } else if (read.value !== undefined) {
      problem = { text: '', looks: 0 };
      const { cert, key, ca } = read.value;
      if (cert !== current.cert || key !== current.key || ca !== current.ca) {
        current = read.value;
        use(current);
        log.info('the certificate was renewed', facts(current));
      }
    }
    cancel = clock.after(everyMs, () => void look());
  };
  let cancel = clock.after(everyMs, () => void look());
  log.info('certificate', facts(current));

  return {
    metrics: () => [
      gauge(
        `${deps.metricPrefix ?? 'tetsukan_https'}_certificate_expires_seconds`,
        'When the certificate of the HTTPS listener expires, since 1970.',
        new X509Certificate(current.cert).validToDate.getTime() / 1000,
      ),
    ],
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}

function facts({ cert }: TlsMaterial): Record<string, string> {
  const { subject, validTo, fingerprint256 } = new X509Certificate(cert);
  return { subject: subject ?? '', validTo, sha256: fingerprint256 };
}

async function readPem(
  path: string,
): Promise<Result<string, { readonly text: string; readonly missing: boolean }>> {
  try {
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fail({ text: `${path} cannot be read: ${message}`, missing: code === 'ENOENT' });
  }
}
