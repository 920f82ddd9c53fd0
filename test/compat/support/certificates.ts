/** An authority and one certificate of it that serves as server's and client's, made by openssl. */

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export type Certificates = { readonly ca: string; readonly cert: string; readonly key: string };

/** @param addresses IP names of the certificate. */
export async function makeCertificates(
  folder: string,
  addresses: readonly string[] = ['127.0.0.1'],
): Promise<Certificates> {
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', args);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const [ca, cert, key] = [path('ca.crt'), path('one.crt'), path('one.key')];
  await openssl(
    ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test authority'],
    ...['-keyout', path('ca.key'), '-out', ca],
  );
  await openssl(
    ...['req', ...newKey, '-subj', '/CN=tetsukan', '-keyout', key, '-out', path('one.csr')],
  );
  const names = addresses.map((address) => `IP:${address}`).join(',');
  await writeFile(
    path('one.ext'),
    `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  await openssl(
    ...['x509', '-req', '-in', path('one.csr'), '-days', '2', '-CAcreateserial'],
    ...['-CA', ca, '-CAkey', path('ca.key'), '-extfile', path('one.ext'), '-out', cert],
  );
  return { ca, cert, key };
}
