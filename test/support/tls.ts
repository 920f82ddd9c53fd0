/** Certificates for tests, made by openssl. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Writes a self-signed certificate for 127.0.0.1 and its key to these files. */
export async function selfSign(cert: string, key: string, name = 'localhost'): Promise<void> {
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', cert],
  ]);
}

/** Makes an authority (`ca.crt`) in the folder, and a client certificate of it: `NAME.crt` and `NAME.key`. */
export async function clientCertificate(folder: string, name: string): Promise<void> {
  const openssl = (...args: readonly string[]) =>
    promisify(execFile)('openssl', [...args], { cwd: folder });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await openssl(
    ...['req', '-x509', ...ec, '-days', '2', '-subj', '/CN=an authority'],
    ...['-keyout', 'ca.key', '-out', 'ca.crt'],
  );
  await openssl(
    ...['req', ...ec, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`],
  );
  await openssl(
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-days', '2'],
    ...['-out', `${name}.crt`],
  );
}
