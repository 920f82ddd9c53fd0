import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BootPolicy, BootRule, Pins, RuleMatch } from '../../../src/pxe/boot-policy.ts';
import { type BootOffer, chooseBoot, chosenByText } from '../../../src/pxe/choice/choose.ts';
import { compareRules, isMeant, tiedWith } from '../../../src/pxe/choice/precedence.ts';
import { aMachine } from '../../support/machines.ts';

const offer: BootOffer = {
  newestImage: () => 'newest',
  hasImage: (id) => id !== 'gone',
  kernelParams: () => 'stored',
  latestTemplate: () => ({ id: '2', version: '3.4' }),
  template: (_, id) => (id === 'gone' ? undefined : { id, version: '2.3' }),
};

type Rule = Omit<Partial<RuleMatch>, 'labels'> &
  Omit<Partial<Pins>, 'templates'> & {
    readonly labels?: Readonly<Record<string, string>>;
    readonly templates?: Readonly<Record<string, string>>;
    readonly channel?: string;
  };

function aRule(name: string, given: Rule): BootRule {
  const { serials = [], role, labels = {}, channel, templates = {}, image, kernelParams } = given;
  return {
    name,
    match: {
      serials,
      ...(role === undefined ? {} : { role }),
      labels: new Map(Object.entries(labels)),
    },
    ...(channel === undefined ? {} : { channel }),
    pins: {
      ...(image === undefined ? {} : { image }),
      ...(kernelParams === undefined ? {} : { kernelParams }),
      templates: new Map(Object.entries(templates)),
    },
  };
}

function aPolicy(rules: Readonly<Record<string, Rule>>): BootPolicy {
  return {
    rules: Object.entries(rules).map(([name, rule]) => aRule(name, rule)),
    channels: new Map(),
  };
}

const machine = aMachine({ serial: 's-1', role: 'cs', labels: { web: 'yes', zone: 'a' } });

function check(policy: BootPolicy, expected: string) {
  const { image, kernelParams, template } = chooseBoot(machine, policy, offer);
  const said = [
    `${image.value} by ${chosenByText(image.by)}`,
    `${kernelParams.value} by ${chosenByText(kernelParams.by)}`,
    `${template.value?.id} by ${chosenByText(template.by)}`,
  ];
  expect(said.join('; ')).toBe(expected);
}

describe('what a machine boots with', () => {
  it('is the newest image, the stored parameters and the highest template where no rule says anything', () => {
    check(aPolicy({}), 'newest by no rule; stored by no rule; 2 by no rule');
    check(
      aPolicy({ other: { role: 'ss', image: '1' }, far: { labels: { zone: 'b' }, image: '2' } }),
      'newest by no rule; stored by no rule; 2 by no rule',
    );
  });

  it.each<[string, Readonly<Record<string, Rule>>, string]>([
    ['its name before labels', { a: { serials: ['s-1'] }, b: { labels: { web: 'yes' } } }, 'a'],
    [
      'its name before role and labels',
      { a: { serials: ['s-1'] }, b: { role: 'cs', labels: { web: 'yes' } } },
      'a',
    ],
    [
      'two labels before one',
      { a: { labels: { web: 'yes' } }, b: { labels: { web: 'yes', zone: 'a' } } },
      'b',
    ],
    ['a label before the role', { a: { role: 'cs' }, b: { labels: { web: 'yes' } } }, 'b'],
    [
      'label and role before the label',
      { a: { labels: { web: 'yes' } }, b: { role: 'cs', labels: { web: 'yes' } } },
      'b',
    ],
    ['the role before everything', { a: {}, b: { role: 'cs' } }, 'b'],
    ['everything before the default', { a: {} }, 'a'],
  ])('goes by %s', (_, matches, wins) => {
    const rules = Object.entries(matches).map(
      ([name, match]) => [name, { ...match, image: `of-${name}` }] as const,
    );
    const policy = aPolicy(Object.fromEntries(rules));
    check(policy, `of-${wins} by the rule ${wins}; stored by no rule; 2 by no rule`);
  });

  it('is taken part by part: what the first rule leaves open, the next one says', () => {
    const policy: BootPolicy = {
      ...aPolicy({
        mine: { serials: ['s-1'], kernelParams: 'debug' },
        web: { labels: { web: 'yes' }, channel: 'canary', templates: { cs: '1.5' } },
        all: { image: 'old', kernelParams: 'quiet', templates: { cs: '1.0', ss: '9' } },
      }),
      channels: new Map([
        ['canary', { name: 'canary', pins: { image: 'next', templates: new Map([['cs', '3']]) } }],
      ]),
    };
    check(
      policy,
      'next by the channel canary (rule web); debug by the rule mine; 1.5 by the rule web',
    );
  });

  it('is nothing else where what is pinned is not there', () => {
    const { image, template } = chooseBoot(
      machine,
      aPolicy({ all: { image: 'gone', templates: { cs: 'gone' } } }),
      offer,
    );
    expect([image.value, image.pinned, template.value, template.pinned]).toEqual([
      undefined,
      'gone',
      undefined,
      'gone',
    ]);
  });

  it('names channels that its rules follow and nobody has', () => {
    const choice = chooseBoot(machine, aPolicy({ all: { channel: 'lost' } }), offer);
    expect(choice.lostChannels).toEqual([{ rule: 'all', channel: 'lost' }]);
    expect(choice.image.value).toBe('newest');
  });
});

describe('rules that are equally specific', () => {
  it.each<[string, Rule, Rule, boolean]>([
    ['for everything', {}, {}, true],
    ['for one role', { role: 'cs' }, { role: 'cs' }, true],
    ['for two roles', { role: 'cs' }, { role: 'ss' }, false],
    ['for a role and for everything', { role: 'cs' }, {}, false],
    [
      'for two labels that one machine can have',
      { labels: { a: '1' } },
      { labels: { b: '1' } },
      true,
    ],
    ['for two values of a label', { labels: { a: '1' } }, { labels: { a: '2' } }, false],
    ['for one machine', { serials: ['x', 'y'] }, { serials: ['y'] }, true],
    ['for different machines', { serials: ['x'] }, { serials: ['y'] }, false],
    [
      'for one machine, one with a label',
      { serials: ['x'] },
      { serials: ['x'], labels: { a: '1' } },
      false,
    ],
  ])('%s', (_, a, b, tied) => {
    const [one, other] = [aRule('one', a), aRule('other', b)];
    expect(tiedWith(one, [one, other])?.name).toBe(tied ? 'other' : undefined);
    expect(tiedWith(other, [one, other])?.name).toBe(tied ? 'one' : undefined);
  });

  const few = fc.constantFrom('a', 'b');
  const match = fc.record(
    {
      serials: fc.uniqueArray(fc.constantFrom('s-1', 's-2'), { maxLength: 2 }),
      role: few,
      labels: fc.dictionary(few, few, { maxKeys: 2 }),
    },
    { requiredKeys: [] },
  );

  it('never mean the same machine unless they are said to be tied', () => {
    fc.assert(
      fc.property(
        match,
        match,
        fc.constantFrom('s-1', 's-2'),
        few,
        fc.dictionary(few, few),
        (a, b, serial, role, labels) => {
          const [one, other] = [aRule('one', a as Rule), aRule('other', b as Rule)];
          const it = aMachine({ serial, role, labels });
          const meet = isMeant(one.match, it) && isMeant(other.match, it);
          if (meet && compareRules(one, other) === 0) expect(tiedWith(one, [other])).toBe(other);
        },
      ),
    );
  });
});
