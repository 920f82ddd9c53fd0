import { describe, expect, it } from 'vitest';
import { callProblem, tlsProblemText } from '../../../src/base/io/etcd-problem.ts';

describe('what TLS says of etcd', () => {
  it.each([
    [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'unable to verify the first certificate; if the root CA is installed locally, try running Node.js with --use-system-ca',
      "etcd's certificate is signed by none of the CAs in etcd.tls-ca-file (unable to verify the first certificate)",
    ],
    [
      'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
      '407D82FBE97F0000:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/openssl/x.c:918:SSL alert number 42\n',
      'etcd refuses our certificate: it wants one from a CA it trusts in etcd.tls-cert-file and tls-key-file (SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate)',
    ],
    ['EPROTO', 'something new', 'something new'],
  ])('%s is told as what to change', (code, message, text) => {
    expect(tlsProblemText(code, message)).toBe(text);
  });
});

describe('a call without a connection', () => {
  const cutOff =
    '14 UNAVAILABLE: No connection established. Last error: Failed to connect (now). Resolution note: ';

  it.each([
    ['http://a:2379', /does it want https:\/\/\?$/],
    ['https://a:2379', /Failed to connect \(now\)\.$/],
  ])('%s: the text ends with what helps', (endpoint, text) => {
    const problem = callProblem(new Error(cutOff), endpoint);
    expect(problem).toMatchObject({ kind: 'unavailable', certain: true });
    expect(problem.text).toMatch(text);
  });
});
