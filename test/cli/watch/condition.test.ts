import { describe, expect, it } from 'vitest';
import { machineNoun } from '../../../src/cli/nouns/machine.ts';
import { isMet, parseCondition } from '../../../src/cli/watch/condition.ts';

const machine = {
  serial: 'A1',
  spec: { rack: 3, role: 'cs', ipv4: ['10.0.0.1'], labels: { product: 'R650' }, bmc: {} },
  status: { state: 'healthy', durationSeconds: 5 },
};

describe('a condition', () => {
  it.each([
    ['state=healthy', machine, true],
    ['state=unhealthy,healthy', machine, true],
    ['STATE=retired', machine, false],
    ['rack=3', machine, true],
    ['state=healthy', undefined, false],
    ['delete', machine, false],
    ['delete', undefined, true],
    ['create', machine, true],
    ['create', undefined, false],
    ['jsonpath={.spec.labels.product}=R650', machine, true],
    ['jsonpath={.spec.labels.product}=R640', machine, false],
    ['jsonpath={.spec.labels.product}', machine, true],
    ['jsonpath={.spec.labels.none}', machine, false],
  ] as const)('%s of %j is met: %j', (text, object, met) => {
    const condition = parseCondition(machineNoun, text);
    if (!condition.ok) throw new Error(condition.error);
    expect(isMet(condition.value, machineNoun, object)).toBe(met);
  });

  it.each([
    ['healthy', /must be delete, create, jsonpath=.* columns: serial, rack/],
    ['state=helthy', /no state "helthy"; states: uninitialized/],
    ['size=1', /COLUMN=VALUE/],
    ['jsonpath=.a', /jsonpath=\{.path\}/],
    ['jsonpath={.a[}', /jsonpath: after/],
  ])('%s is refused', (text, why) => {
    const condition = parseCondition(machineNoun, text);
    expect(condition.ok ? '' : condition.error).toMatch(why);
  });
});
