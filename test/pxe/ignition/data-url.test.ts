import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeDataText,
  decodeDataUrl,
  encodeDataText,
  encodeDataUrl,
} from '../../../src/pxe/ignition/data-url.ts';
import { bytesFromText, textFromBytes } from '../../../src/pxe/template/lossless-text.ts';

describe('data URLs', () => {
  it.each([
    ['data:,abc', 'abc'],
    ['data:,a%20b%0A', 'a b\n'],
    ['data:,日本%E8%AA%9E', '日本語'],
    ['data:text/plain;charset=utf-8,x%2Cy,z', 'x,y,z'],
    ['data:;base64,aGk=', 'hi'],
    ['DATA:,x', 'x'],
    ['data:,', ''],
    ['data:,100%', undefined],
    ['data:,%zz', undefined],
    ['data:;base64,***', undefined],
    ['data:text', undefined],
  ])('%s holds %j', (url, text) => {
    expect(decodeDataText(url)).toBe(text);
  });

  it('hold any octets at all, and text comes out as octets do', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const url = encodeDataUrl(bytes);
        expect(decodeDataUrl(url)).toEqual(bytes);
        const text = textFromBytes(bytes);
        expect(decodeDataText(url)).toBe(text);
        expect(encodeDataText(text)).toBe(url);
        expect(bytesFromText(text)).toEqual(bytes);
      }),
      { numRuns: 500 },
    );
  });
});
