import { describe, expect, it } from 'vitest';
import { readPeerAnswer, type SoFar } from '../../../src/pxe/spread/peer-answer.ts';

const nothing: SoFar = {
  at: 0,
  etag: undefined,
  sizeBytes: undefined,
  bytesMax: 100,
  accepts: undefined,
};
const tenOf: SoFar = { ...nothing, at: 10, etag: '"a"', sizeBytes: 50 };

const check = (status: number, headers: Readonly<Record<string, string>>, soFar = nothing) => {
  const answer = { status, headers: new Map(Object.entries(headers)) };
  const read = readPeerAnswer(answer, 'http://one/blob', soFar);
  switch (read.kind) {
    case 'content':
      return `skip ${read.skip} of ${read.sizeBytes} ${read.etag}`;
    case 'elsewhere':
      return `go to ${read.to}`;
    case 'refused':
      return `${read.isFinal ? 'no' : 'not now'}: ${read.why}`;
  }
};

describe("another server's answer", () => {
  it.each<[string, number, Record<string, string>, SoFar, string]>([
    ['is whole', 200, { etag: '"a"', 'content-length': '50' }, nothing, 'skip 0 of 50 "a"'],
    ['is of unknown length, as a real Sabakan', 200, {}, nothing, 'skip 0 of undefined undefined'],
    ['has a weak tag', 200, { etag: 'W/"a"' }, nothing, 'skip 0 of undefined undefined'],
    ['goes on', 206, { etag: '"a"', 'content-range': 'bytes 10-49/50' }, tenOf, 'skip 0 of 50 "a"'],
    [
      'is the same, whole again',
      200,
      { etag: '"a"', 'content-length': '50' },
      tenOf,
      'skip 10 of 50 "a"',
    ],
    [
      'is of other content',
      200,
      { etag: '"b"' },
      tenOf,
      'no: has no proof that it is the same content',
    ],
    [
      'is a part without a tag',
      206,
      { 'content-range': 'bytes 10-49/50' },
      tenOf,
      'no: has no proof that it is the same content',
    ],
    [
      'begins elsewhere',
      206,
      { etag: '"a"', 'content-range': 'bytes 0-49/50' },
      tenOf,
      'no: sent "bytes 0-49/50" instead of 10-',
    ],
    ['is a part of nothing', 206, { etag: '"a"' }, tenOf, 'no: sent "" instead of 10-'],
    [
      'has another length',
      206,
      { etag: '"a"', 'content-range': 'bytes 10-59/60' },
      tenOf,
      'no: has 60 bytes, not 50',
    ],
    [
      'is longer than the record says',
      200,
      { 'content-length': '101' },
      nothing,
      'no: offers 101 bytes, more than the 100 that it may be',
    ],
    ['is an error page', 404, { 'content-length': '50' }, nothing, 'no: HTTP 404'],
    ['is a trouble of that server', 503, {}, nothing, 'not now: HTTP 503'],
    ['is no content', 204, {}, nothing, 'not now: HTTP 204'],
    ['is elsewhere', 302, { location: 'http://two/blob' }, nothing, 'go to http://two/blob'],
    ['is at another path', 307, { location: '/other' }, nothing, 'go to http://one/other'],
    ['is elsewhere without a place', 302, {}, nothing, 'no: sent us to ""'],
    [
      'is in no place of the web',
      302,
      { location: 'file:///etc/passwd' },
      nothing,
      'no: sent us to "file:///etc/passwd"',
    ],
  ])('%s', (_, status, headers, soFar, reading) => {
    expect(check(status, headers, soFar)).toBe(reading);
  });

  it('is believed by its headers alone where they name the version', () => {
    const byId = { ...tenOf, etag: undefined, accepts: () => undefined };
    expect(check(200, { 'content-length': '50' }, byId)).toBe('skip 10 of 50 undefined');
    const other = { ...nothing, accepts: () => 'it has version 8' };
    expect(check(200, {}, other)).toBe('no: it has version 8');
  });
});
