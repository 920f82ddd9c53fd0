import { describe, expect, it } from 'vitest';
import { addMs } from '../../../src/base/time.ts';
import { explainLease, type LeaseFacts } from '../../../src/pxe/choice/network-steps.ts';
import { testStart } from '../../support/machines.ts';
import { ip } from '../dhcp/bed.ts';

const now = testStart;
const mac = '52:54:00:00:00:01';
const range = { first: ip('10.69.0.224'), count: 31, free: 30 };
const facts = (some: Partial<LeaseFacts>): LeaseFacts => ({
  ...{ mac, held: undefined, range, next: undefined, racks: undefined },
  ...some,
});
const ended = { address: ip('10.69.0.230'), expiresAt: addMs(now, -1) };
const held = { ...ended, expiresAt: addMs(now, 60_000) };
const offer = (address: string) => ({ kind: 'offer', address: ip(address) }) as const;

describe('the address a machine gets', () => {
  it.each<[string, LeaseFacts, string | undefined, RegExp, boolean]>([
    [
      'without a lease, where DHCP answers here',
      facts({ next: offer('10.69.0.240') }),
      '10.69.0.240',
      /^52:54:00:00:00:01 has none; it would be offered 10\.69\.0\.240, one of 30 free addresses \(10\.69\.0\.224 to 10\.69\.0\.254\), unless another machine takes that first/,
      true,
    ],
    [
      'without a lease, where no DHCP answers here',
      facts({}),
      undefined,
      /^52:54:00:00:00:01 has none; it gets one of 30 free/,
      true,
    ],
    [
      'whose lease has ended and is free',
      facts({ held: ended, next: offer('10.69.0.230') }),
      '10.69.0.230',
      /^it had 10\.69\.0\.230 until .*, and would be offered it again$/,
      true,
    ],
    [
      'whose lease has ended and went to another',
      facts({ held: ended, next: offer('10.69.0.241') }),
      '10.69.0.241',
      /^it had 10\.69\.0\.230 until .*, which is not free any more; it would be offered 10\.69\.0\.241/,
      true,
    ],
    [
      'to which DHCP here would say nothing',
      facts({ next: { kind: 'none', why: 'no address is free in the range' } }),
      undefined,
      /^it would be offered nothing: no address is free in the range$/,
      false,
    ],
    [
      'that is lent in another rack than its own',
      facts({ held, racks: { leased: 0, registered: 1, serial: 's-1' } }),
      undefined,
      /^10\.69\.0\.230 is lent to .*: that is rack 0, and s-1 is registered in rack 1, whose addresses/,
      false,
    ],
    [
      'that is lent in its own rack',
      facts({ held, racks: { leased: 1, registered: 1, serial: 's-1' } }),
      '10.69.0.230',
      /^10\.69\.0\.230 is lent to [0-9a-f:]+ until [^ ]+$/,
      true,
    ],
    [
      'in a range whose table is broken',
      facts({ range: { ...range, free: undefined } }),
      undefined,
      /^the lease table of its range \(10\.69\.0\.224 to 10\.69\.0\.254\) is broken/,
      false,
    ],
    [
      'in a range that is used up',
      facts({ range: { ...range, free: 0 }, next: { kind: 'none', why: '' } }),
      undefined,
      /^all 31 addresses of its range are lent/,
      false,
    ],
  ])('%s', (_, lease, value, says, isFine) => {
    const step = explainLease(lease, 'server', true, now);
    expect(step.value).toBe(value);
    expect(step.says).toMatch(says);
    expect(step.problem === undefined).toBe(isFine);
  });
});
