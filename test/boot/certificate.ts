/** An authority of the laboratory's own, a certificate of it for the server, and the list that firmware is given. */

import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files: PEM, and the authority as UEFI keeps it. */
export type Certificate = {
  readonly cert: string;
  readonly key: string;
  readonly authorityList: string;
};

/** EFI_CERT_X509_GUID (UEFI 2.10 section 32.4.1), as in memory. */
const x509Type = Buffer.from('a159c0a5e494a74a87b5ab155c2bf072', 'hex');

/** @param address what the certificate is for, an IPv4 address. */
export function makeCertificate(folder: string, address: string): Certificate {
  const file = (name: string) => join(folder, name);
  const [cert, key] = [file('server.crt'), file('server.key')];
  const newKey = ['-newkey', 'rsa:2048', '-nodes', '-days', '30', '-batch'];
  const openssl = (...options: string[]) => execFileSync('openssl', options, { stdio: 'pipe' });
  openssl(
    ...['req', '-x509', ...newKey, '-subj', '/CN=laboratory authority'],
    ...['-keyout', file('ca.key'), '-out', file('ca.crt')],
  );
  openssl(
    ...['req', '-x509', ...newKey, '-subj', `/CN=${address}`],
    ...['-addext', `subjectAltName=IP:${address}`, '-addext', 'basicConstraints=critical,CA:false'],
    ...['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-keyout', key, '-out', cert],
  );
  const authority = new X509Certificate(readFileSync(file('ca.crt'))).raw;
  const authorityList = file('ca.esl');
  writeFileSync(authorityList, signatureList(authority));
  return { cert, key, authorityList };
}

/**
 * One EFI_SIGNATURE_LIST of one certificate:
 *
 *   type (16) | size of all (4) | size of header, 0 (4) | size of a signature (4) | owner (16) | DER
 */
function signatureList(der: Uint8Array): Uint8Array {
  const [ownerBytes, headBytes] = [16, 28];
  const head = Buffer.alloc(headBytes + ownerBytes);
  x509Type.copy(head);
  head.writeUInt32LE(head.length + der.length, 16);
  head.writeUInt32LE(ownerBytes + der.length, 24);
  return Buffer.concat([head, der]);
}
