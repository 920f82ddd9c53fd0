import { describe, expect, it } from 'vitest';
import { createDoctor } from '../../../src/sabakan/doctor/doctor.ts';
import { examine, looksMax } from '../../../src/sabakan/doctor/examination.ts';
import { fine, warning } from '../../../src/sabakan/doctor/finding.ts';
import { manualClock } from '../../support/clock.ts';

const hangs = { name: 'etcd', look: () => new Promise<never>(() => {}) };
const works = { name: 'disk', look: () => [fine('/data', 'room')] };

describe('an examination', () => {
  it('says what hung, and shows what the other checks found', async () => {
    const clock = manualClock();
    const examined = examine([hangs, works], clock, 15_000);
    await clock.run(15_000);
    expect((await examined).map(({ check, level, found }) => [check, level, found])).toEqual([
      ['etcd', 'problem', expect.stringContaining('had not ended after 15 seconds')],
      ['disk', 'ok', 'room'],
    ]);
  });

  it('says of a check that throws that it failed', async () => {
    const breaks = {
      name: 'ports',
      look: () => {
        throw new Error('no /proc');
      },
    };
    const found = await examine([breaks, works], manualClock());
    expect(found.map(({ found: text }) => text)).toEqual(['this check failed: no /proc', 'room']);
  });

  it('shows the worst first, and counts what is beyond the bound', async () => {
    const many = Array.from({ length: looksMax + 3 }, (_, at) => warning(`m${at}`, 'w', 'mend it'));
    const [found] = [
      await examine([{ name: 'x', look: () => [fine('a', 'b'), ...many] }], manualClock()),
    ];
    expect(found).toHaveLength(looksMax + 1);
    expect(found[0]?.level).toBe('warning');
    expect(found.at(-1)?.found).toBe('and 4 more of this check, not shown');
  });
});

describe('a server that examines itself', () => {
  it('looks once for all who ask at a time, and again after two seconds', async () => {
    const clock = manualClock();
    let looks = 0;
    const counts = {
      name: 'x',
      look: () => {
        looks += 1;
        return [];
      },
    };
    const doctor = createDoctor([counts], clock, 'boot-0');
    await Promise.all([doctor(), doctor()]);
    await doctor();
    expect(looks).toBe(1);
    await clock.run(2_000);
    await doctor();
    expect(looks).toBe(2);
  });
});
