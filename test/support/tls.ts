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
