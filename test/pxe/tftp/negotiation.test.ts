import { describe, expect, it } from 'vitest';
import { defaultNegotiationLimits, negotiate } from '../../../src/pxe/tftp/negotiation.ts';

/** `blksize=1428 tsize=0` → what the OACK grants, for a file of 1000 octets. */
function granted(asked: string, sizeBytes: number | undefined = 1000): string {
  const options = asked
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => word.split('=') as [string, string]);
  return negotiate(options, sizeBytes, defaultNegotiationLimits)
    .granted.map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

describe('TFTP options', () => {
  const check = (title: string, rows: readonly (readonly [asked: string, answer: string])[]) =>
    it.each(rows.map(([asked, answer]) => [title, asked, answer]))(
      '%s: %s → %s',
      (_, asked, answer) => expect(granted(asked)).toBe(answer),
    );

  check('RFC 2348: blksize is granted as asked within 8 to 65464, at most what fills a frame', [
    ['blksize=8', 'blksize=8'],
    ['blksize=512', 'blksize=512'],
    ['blksize=1428', 'blksize=1428'],
    ['blksize=1432', 'blksize=1432'],
    ['blksize=1456', 'blksize=1456'],
    ['blksize=1468', 'blksize=1468'],
    ['blksize=1469', 'blksize=1468'],
    ['blksize=65464', 'blksize=1468'],
  ]);
  check('RFC 2348: a blksize out of range or no number is not agreed', [
    ['blksize=7', ''],
    ['blksize=0', ''],
    ['blksize=1', ''],
    ['blksize=-1', ''],
    ['blksize=65465', ''],
    ['blksize=1428x', ''],
    ['blksize=0x200', ''],
    ['blksize=', ''],
    ['blksize=1e3', ''],
    ['blksize=99999999999999999999', ''],
  ]);
  check('RFC 2349: tsize is the exact length', [['tsize=0', 'tsize=1000']]);
  check('RFC 2349: timeout is agreed within 1 to 255', [
    ['timeout=1', 'timeout=1'],
    ['timeout=255', 'timeout=255'],
    ['timeout=0', ''],
    ['timeout=256', ''],
  ]);
  check('RFC 7440: windowsize is granted within 1 to 65535, at most 64', [
    ['windowsize=1', 'windowsize=1'],
    ['windowsize=4', 'windowsize=4'],
    ['windowsize=64', 'windowsize=64'],
    ['windowsize=65535', 'windowsize=64'],
    ['windowsize=65536', ''],
    ['windowsize=0', ''],
  ]);
  check('RFC 2347: names in any case, unknown ones left out, the first of two counts', [
    ['BLKSIZE=1432 TSize=0', 'BLKSIZE=1432 TSize=1000'],
    ['multicast= blksize=1432', 'blksize=1432'],
    ['__proto__=1 constructor=2', ''],
    ['blksize=1432 blksize=8', 'blksize=1432'],
    ['', ''],
  ]);
  check('the firmwares we know get what they ask', [
    ['tsize=0 blksize=1468 windowsize=4', 'tsize=1000 blksize=1468 windowsize=4'],
    ['blksize=1432 tsize=0', 'blksize=1432 tsize=1000'],
  ]);

  it('RFC 2349: tsize is not agreed where the length in the mode is not known', () => {
    expect(negotiate([['tsize', '0']], undefined, defaultNegotiationLimits).granted).toEqual([]);
  });
});
