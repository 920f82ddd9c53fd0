import { describe, expect, it } from 'vitest';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../src/base/addresses.ts';
import { refusedTarget } from '../../src/health/target.ts';

function check(text: string, allowLoopback: boolean): string | undefined {
  const parsed = parseIpv4(text);
  return parsed.ok ? refusedTarget(parsed.value, { allowLoopback }) : parsed.error;
}

describe('probe targets', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
  ])('%s is never probed', (text) => {
    expect(check(text, true)).toContain('never probed');
  });

  it('loopback only where the policy says so', () => {
    expect(check('127.0.1.5', false)).toBe('127.0.1.5 is loopback: probed only with allowLoopback');
    expect(check('127.0.1.5', true)).toBeUndefined();
    // The same address as a program with octal or short forms would write it.
    expect(refusedTarget(0x7f000001 as Ipv4, { allowLoopback: false })).toContain(
      formatIpv4(0x7f000001 as Ipv4),
    );
  });

  it.each(['10.69.0.4', '192.168.1.1', '172.16.0.1', '100.64.0.1', '203.0.113.7'])(
    '%s is probed',
    (text) => {
      expect(check(text, false)).toBeUndefined();
    },
  );
});
