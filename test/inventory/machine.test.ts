import { describe, expect, it } from 'vitest';
import {
  isLabelName,
  isLabelValue,
  labelsPerMachineMax,
  machinesPerRequestMax,
  parseBmcType,
  parseNewMachines,
  parseRole,
  parseSerial,
  serialCharactersMax,
} from '../../src/inventory/machine.ts';

describe('serials', () => {
  it.each(['2222abcd', 'a', 'SER 1', 'x'.repeat(serialCharactersMax), '..a', '機械-1', '%2F'])(
    '%j is taken',
    (text) => expect(parseSerial(text)).toEqual({ ok: true, value: text }),
  );

  it.each([
    ['', 'serial is empty'],
    ['.', 'serial must not be . or ..'],
    ['..', 'serial must not be . or ..'],
    [' a', 'white space'],
    ['a\n', 'white space'],
    ['a\u3000', 'white space'],
    ['a/b', 'slash'],
    ['a\\b', 'slash'],
    ['a,b', 'comma'],
    ['a\u0000b', 'control'],
    ['a\u007fb', 'control'],
    ['a\u2028b', 'control'],
    ['a\u200bb', 'invisible'],
    ['a\ud800b', 'invisible'],
    ['a\ufeffb', 'invisible'],
    ['a\u202eb', 'invisible'],
    ['a\ufe0f', 'invisible'],
    ['\u3164', 'invisible'],
    ['a\uffff', 'invisible'],
    ['a\u00a0b', 'invisible'],
    ['a\u3000b', 'invisible'],
    ['../../etc/passwd', 'slash'],
    ['x'.repeat(serialCharactersMax + 1), 'longer than'],
  ])('%j is refused: %s', (text, why) => {
    const serial = parseSerial(text);
    expect(serial.ok ? '' : serial.error).toContain(why);
  });
});

describe('names', () => {
  const names = ['a', 'A9', 'a.b_c-d', 'x'.repeat(63), '0'];
  const wrong = ['-a', 'a-', '.a', 'a/b', 'a b', 'x'.repeat(64), 'a\n', 'é', '__proto__'];

  it.each(names)('%s is a label name, a label value and a role', (text) => {
    expect([isLabelName(text), isLabelValue(text), parseRole(text).ok]).toEqual([true, true, true]);
  });
  it.each(wrong)('%j is none of them', (text) => {
    expect([isLabelName(text), isLabelValue(text), parseRole(text).ok]).toEqual([
      false,
      false,
      false,
    ]);
  });
  it('only a label value may be empty', () => {
    expect([isLabelName(''), isLabelValue(''), parseRole('').ok]).toEqual([false, true, false]);
  });

  it.each(['iDRAC-9', 'IPMI-2.0', 'a/b_c', 'Z-_'])('%s is a BMC type', (text) => {
    expect(parseBmcType(text).ok).toBe(true);
  });
  it.each(['a b', 'a\n', '[', '^', '\\'])('%j is no BMC type', (text) => {
    expect(parseBmcType(text)).toEqual({
      ok: false,
      error: 'BMC type contains invalid character',
    });
  });
});

describe('a registration', () => {
  const machine = { serial: 's1', rack: 1, role: 'cs', bmc: { type: 'iDRAC-9' } };
  const mistakesOf = (list: unknown) => {
    const parsed = parseNewMachines(list);
    return parsed.ok ? [] : parsed.error.map(({ path, text }) => `${path} ${text}`);
  };

  it('takes what a technician says and ignores what the server assigns', () => {
    const given = {
      ...machine,
      labels: { product: 'R630', datacenter: 'ty3' },
      'retire-date': '2023-10-10T09:08:07.000000345z',
      'index-in-rack': 7,
      ipv4: 'nonsense',
      'register-date': 'nonsense',
      bmc: { type: 'IPMI-2.0', ipv4: 'nonsense' },
      unknown: true,
    };
    expect(parseNewMachines([given])).toEqual({
      ok: true,
      value: [
        {
          serial: 's1',
          rack: 1,
          role: 'cs',
          bmcType: 'IPMI-2.0',
          labels: new Map([
            ['datacenter', 'ty3'],
            ['product', 'R630'],
          ]),
          retireDate: '2023-10-10T09:08:07.000000345Z',
        },
      ],
    });
  });

  it.each([[[]], [null], [undefined]])('%j registers nothing', (list) => {
    expect(parseNewMachines(list)).toEqual({ ok: true, value: [] });
  });

  it('needs neither rack nor labels', () => {
    const { rack: _, ...rest } = machine;
    const parsed = parseNewMachines([{ ...rest, labels: null }]);
    expect(parsed.ok && parsed.value[0]).toMatchObject({ rack: 0, labels: new Map() });
  });

  it('takes the zero time that sabactl sends for a retire date nobody gave', () => {
    const parsed = parseNewMachines([{ ...machine, 'retire-date': '0001-01-01T00:00:00Z' }]);
    expect(parsed.ok && parsed.value[0]).not.toHaveProperty('retireDate');
  });

  it.each<[unknown, string]>([
    [{ ...machine, serial: '' }, '/0/serial serial is empty'],
    [{ ...machine, serial: undefined }, '/0/serial serial is empty'],
    [{ ...machine, serial: 5 }, '/0/serial must be a string'],
    [
      { ...machine, role: '' },
      '/0/role invalid role: 1 to 63 letters, digits, - _ . with a letter or digit at both ends',
    ],
    [
      { ...machine, role: 'a b' },
      '/0/role invalid role: 1 to 63 letters, digits, - _ . with a letter or digit at both ends',
    ],
    [{ ...machine, bmc: undefined }, '/0/bmc/type BMC type is empty'],
    [{ ...machine, bmc: {} }, '/0/bmc/type BMC type is empty'],
    [{ ...machine, bmc: { type: 'a b' } }, '/0/bmc/type BMC type contains invalid character'],
    [{ ...machine, labels: { 'a b': 'c' } }, '/0/labels labels contain invalid character'],
    [{ ...machine, labels: { a: 'ü' } }, '/0/labels labels contain invalid character'],
    [{ ...machine, labels: { a: 1 } }, '/0/labels the value of label "a" must be a string'],
    [{ ...machine, labels: ['a'] }, '/0/labels must be an object of names and values'],
    [{ ...machine, rack: -1 }, '/0/rack must be an unsigned whole number'],
    [{ ...machine, rack: '1' }, '/0/rack must be an unsigned whole number'],
    [{ ...machine, rack: 1.5 }, '/0/rack must be an unsigned whole number'],
    [{ ...machine, rack: 1e12 }, '/0/rack must be at most 1000000'],
    [
      { ...machine, 'retire-date': 'tomorrow' },
      '/0/retire-date "tomorrow" is not an RFC 3339 time such as 2026-11-21T06:00:00Z',
    ],
    [null, '/0 must be a machine: an object with serial, rack, role and bmc'],
    ['s1', '/0 must be a machine: an object with serial, rack, role and bmc'],
  ])('%j is refused: %s', (item, mistake) => {
    expect(mistakesOf([item])).toEqual([mistake]);
  });

  it('reports every mistake of every machine, with its place', () => {
    expect(mistakesOf([machine, { ...machine, role: '!' }, { serial: '' }])).toEqual([
      '/1/role invalid role: 1 to 63 letters, digits, - _ . with a letter or digit at both ends',
      '/2/serial serial is empty',
      '/2/role invalid role: 1 to 63 letters, digits, - _ . with a letter or digit at both ends',
      '/2/bmc/type BMC type is empty',
    ]);
  });

  it('is a list', () => {
    expect(mistakesOf({})).toEqual([' must be a list of machines']);
  });

  it('has a bound on machines and on labels', () => {
    const many = Array.from({ length: machinesPerRequestMax + 1 }, () => machine);
    expect(mistakesOf(many)).toEqual([' more than 10000 machines in one request']);
    const labels = Object.fromEntries(
      Array.from({ length: labelsPerMachineMax + 1 }, (_, at) => [`l${at}`, '']),
    );
    expect(mistakesOf([{ ...machine, labels }])).toEqual([
      '/0/labels a machine has at most 64 labels, not 65',
    ]);
  });

  it.each([
    ['"labels":{"__proto__":"x"}', '/0/labels labels contain invalid character'],
    [
      '"labels":{"__proto__":{"a":"b"}}',
      '/0/labels the value of label "__proto__" must be a string',
    ],
    ['"labels":{"a":{"toString":null}}', '/0/labels the value of label "a" must be a string'],
    ['"bmc":{"__proto__":{"type":"x"}}', '/0/bmc/type BMC type is empty'],
    ['"serial":null,"__proto__":{"serial":"s2"}', '/0/serial serial is empty'],
    ['"serial":{"toString":1}', '/0/serial must be a string'],
    ['"rack":{"valueOf":1}', '/0/rack must be an unsigned whole number'],
    ['"rack":1e400', '/0/rack must be an unsigned whole number'],
  ])('with %s is refused: %s', (member, mistake) => {
    const text = `[{"serial":"s1","role":"cs","bmc":{"type":"x"},${member}}]`;
    expect(mistakesOf(JSON.parse(text))).toEqual([mistake]);
  });

  it('takes -0 for 0, as any JSON reader does', () => {
    const parsed = parseNewMachines(
      JSON.parse('[{"serial":"s","rack":-0,"role":"cs","bmc":{"type":"x"}}]'),
    );
    expect(JSON.stringify(parsed.ok && parsed.value[0]?.rack)).toBe('0');
  });

  it('is not touched by member names that JavaScript knows', () => {
    const text = `[{"serial":"s1","role":"cs","bmc":{"type":"x"},"__proto__":{"rack":9},"labels":{"constructor":"c"}}]`;
    const parsed = parseNewMachines(JSON.parse(text));
    expect(parsed.ok && parsed.value[0]).toMatchObject({
      rack: 0,
      labels: new Map([['constructor', 'c']]),
    });
  });
});
