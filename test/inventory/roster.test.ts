import { describe, expect, it } from 'vitest';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { mistakeText, type RosterFormat, readRoster } from '../../src/inventory/roster.ts';
import { ipamG } from '../support/machines.ts';

const utf8 = new TextEncoder();

/** Serial, rack, role, BMC type, labels, retire date of each machine; or `row:column text` of each mistake. */
function read(
  file: string | Uint8Array,
  format: RosterFormat,
  present?: typeof ipamG,
): readonly string[] {
  const bytes = typeof file === 'string' ? utf8.encode(file) : file;
  const roster = readRoster(bytes, format, { present });
  if (!roster.ok) {
    return roster.error.shown.map((mistake) => {
      const { spot } = mistake;
      const line = spot.kind === 'cell' ? spot.row : spot.line;
      return `${line}:${spot.column} ${mistakeText(mistake)}`;
    });
  }
  return roster.value.machines.map(({ wish }) => {
    const labels = [...wish.labels].map(([name, value]) => `${name}=${value ?? '-'}`).join(',');
    const parts = [wish.serial, wish.rack, wish.role, wish.bmcType, labels, wish.retireDate ?? ''];
    return parts.join(' ').trim();
  });
}

type Case = readonly [what: string, file: string | Uint8Array, found: readonly (string | RegExp)[]];

function check(format: RosterFormat, cases: readonly Case[]): void {
  it.each(cases)('%s', (_, file, expected) => {
    const found = read(file, format, ipamG);
    const matching = expected.map((one, at) =>
      one instanceof RegExp ? (one.test(found[at] ?? '') ? found[at] : one) : one,
    );
    expect(found).toEqual(matching);
  });
}

const header = 'serial,rack,role,bmc-type';

describe('a table of machines', () => {
  check('csv', [
    [
      'is read with labels and retire dates',
      `${header},label:site,labels.row,retire-date\nA1,2,worker,iDRAC-9,tokyo,7,2031-04-01T00:00:00Z\nA2,2,boot,IPMI-2.0,,,\n`,
      [
        'A1 2 worker iDRAC-9 row=7,site=tokyo 2031-04-01T00:00:00Z',
        'A2 2 boot IPMI-2.0 site=-,row=-',
      ],
    ],
    ['keeps the zeros a serial begins with', `${header}\n00123,0,cs,x\n`, ['00123 0 cs x']],
    ['takes a rack with leading zeros for the number it is', `${header}\na,007,cs,x`, ['a 7 cs x']],
    [
      'has names that are forgiven case and hyphens',
      'Serial,RACK,role,BMC_Type\na,0,cs,x',
      ['a 0 cs x'],
    ],
    ['may have semicolons', 'serial;rack;role;bmc-type\r\na;0;cs;x\r\n', ['a 0 cs x']],
    ['may have tabs', 'serial\track\trole\tbmc-type\na\t0\tcs\tx\n', ['a 0 cs x']],
    [
      'may tell its separator as Excel does',
      'sep=;\r\nserial;rack;role;bmc-type\r\na;0;cs;x\r\n',
      ['a 0 cs x'],
    ],
    ['may begin with a byte order mark', `\u{FEFF}${header}\r\na,0,cs,x\r\n`, ['a 0 cs x']],
    [
      'may be UTF-16 with its mark, as Excel saves Unicode text',
      new Uint8Array(
        Buffer.from('\u{FEFF}serial\track\trole\tbmc-type\r\na\t0\tcs\tx\r\n', 'utf16le'),
      ),
      ['a 0 cs x'],
    ],
    ['may have cells in quotes', `${header}\n"a","0","cs","x"\n`, ['a 0 cs x']],
    [
      'may have comments and empty rows',
      `# "ours\n${header}\n\n# more, of it\na,0,cs,x\n,,,\n`,
      ['a 0 cs x'],
    ],
    ['may have empty cells at the ends of its rows', `${header},,\na,0,cs,x,,\n`, ['a 0 cs x']],
    [
      'needs a header',
      '',
      [
        '1:1 cell A1: the file is empty; its first row must name the columns: serial, rack, role, bmc-type',
      ],
    ],
    ['needs a machine', `${header}\n`, ['1:1 cell A1: the file names no machine']],
    [
      'needs four columns',
      'serial,rakc\na,1\n',
      [
        /^1:1 cell A1: column rack is missing; the first row must name serial, rack, role, bmc-type/,
        /^1:1 .*column role is missing/,
        /^1:1 .*column bmc-type is missing/,
        /^1:2 cell B1 \(rakc\): column "rakc" is unknown \(is it rack\?\); known are serial,/,
      ],
    ],
    [
      'has each column once',
      `${header},Rack\na,0,cs,x,1`,
      ['1:5 cell E1 (Rack): column rack is there twice: it is column 2, too'],
    ],
    [
      'does not take what the server assigns',
      `${header},IPV4\na,0,cs,x,1`,
      ['1:5 cell E1 (IPV4): column "IPV4" is what the server assigns: leave it out'],
    ],
    [
      'counts rows as a spreadsheet does',
      `# of rack 7\n${header},label:note\n\na,0,cs,x,"b\nc"\nb,x,cs,x,\n`,
      [
        /^4:5 cell E4 \(label:note\): the value of label note must be/,
        '5:2 cell B5 (rack): rack must be a whole number from 0, not "x"',
      ],
    ],
    [
      'ends early where a row does: what is missing has the cell where it would stand',
      `${header}\na,0\n`,
      ['2:3 cell C2 (role): role is missing', '2:4 cell D2 (bmc-type): bmc-type is missing'],
    ],
    [
      'has every mistake told',
      `${header}\n,1.5,w w,x y\na,-1,,\n`,
      [
        '2:1 cell A2 (serial): serial is missing',
        '2:2 cell B2 (rack): rack must be a whole number from 0, not "1.5"',
        /^2:3 cell C2 \(role\): role must be 1 to 63 letters.*not "w w"/,
        /^2:4 cell D2 \(bmc-type\): bmc-type must be letters.*not "x y"/,
        '3:2 cell B3 (rack): rack must be a whole number from 0, not "-1"',
        '3:3 cell C3 (role): role is missing',
        '3:4 cell D3 (bmc-type): bmc-type is missing',
      ],
    ],
    [
      'names both rows of a serial that is there twice',
      `${header}\na,0,cs,x\nb,0,cs,x\na,1,cs,x\n`,
      ['4:1 cell A4 (serial): serial a is there twice: it stands in row 2, too'],
    ],
    [
      'has one boot machine for each rack',
      `${header}\na,0,boot,x\nb,0,boot,x\n`,
      ['3:3 cell C3 (role): rack 0 has one slot for a boot machine, and row 2 takes it'],
    ],
    [
      'has no more machines for a rack than it holds',
      `${header}\n${Array.from({ length: 29 }, (_, at) => `s${at},0,cs,x`).join('\n')}`,
      [
        '30:2 cell B30 (rack): rack 0 holds 28 machines beside its boot machine; the file has 29 for it',
      ],
    ],
    [
      'has racks within the pools',
      `${header}\na,900,cs,x`,
      [/^2:2 cell B2 \(rack\): rack 900, index 4 lies outside node-ipv4-pool/],
    ],
    [
      'ends at a quote that is out of place',
      `${header}\na,0,cs,x\nb,x,"c"s,x\nc,0,cs,x`,
      [/^3:3 cell C3: a quote is out of place/],
    ],
    [
      'ends at a quote that is not closed',
      `${header}\na,x,cs,x\n"b,0,cs,x\nc,0,cs,x\n`,
      [/^2:2 .*rack/, /^3:\d cell .3: a quote is out of place/],
    ],
    [
      'is no workbook',
      new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]),
      [/is a workbook.*save it as "CSV UTF-8/],
    ],
    [
      'is no Latin-1',
      new Uint8Array([...utf8.encode(`${header}\nM`), 0xfc, 0x6c]),
      [/^2:2 the file holds bytes that are no text/],
    ],
    ['has no NUL', `${header}\na\0,0,cs,x`, [/^2:2 the file holds a NUL character/]],
    [
      'has no serial that a spreadsheet has rounded',
      `${header}\n1.23E+11,0,cs,x`,
      [/^2:1 .*format the column as text/],
    ],
  ]);

  it('with ten thousand mistakes shows two hundred and counts all', () => {
    const rows = Array.from({ length: 10_000 }, (_, at) => `s${at},x,cs,y`);
    const roster = readRoster(utf8.encode([header, ...rows].join('\n')), 'csv');
    expect(roster).toMatchObject({ ok: false, error: { total: 10_000 } });
    expect(roster.ok ? [] : roster.error.shown).toHaveLength(200);
  });

  it('with more machines than are taken at once says how many it has', () => {
    const rows = Array.from({ length: 10_001 }, (_, at) => `s${at},${at},cs,y`);
    expect(read([header, ...rows].join('\n'), 'csv')).toEqual([
      '1:1 cell A1: the table has 10001 machines; at most 10000 are taken at once',
    ]);
  });
});

const flat = { serial: 'a', rack: 1, role: 'cs', bmc: { type: 'x' } };
const asJson = (value: unknown) => JSON.stringify(value, null, '\t');

describe('machines as JSON', () => {
  check('json', [
    [
      "may be Sabakan's machines file",
      asJson([{ ...flat, labels: { p: 'q' }, 'retire-date': '2031-04-01T00:00:00Z' }]),
      ['a 1 cs x p=q 2031-04-01T00:00:00Z'],
    ],
    [
      'may be what sabactl prints',
      asJson([
        {
          spec: {
            ...flat,
            'index-in-rack': 3,
            ipv4: [],
            ipv6: null,
            'register-date': '',
            bmc: { type: 'x', ipv4: '', ipv6: '' },
          },
          status: {},
          info: {},
        },
      ]),
      ['a 1 cs x'],
    ],
    [
      'may be what version 2 lists',
      asJson({
        items: [
          {
            serial: 'a',
            revision: '7',
            spec: {
              rack: 1,
              indexInRack: 4,
              role: 'cs',
              labels: {},
              ipv4: [],
              bmc: { type: 'x', ipv4: '' },
              registerDate: '',
              retireDate: '2031-04-01T00:00:00Z',
            },
            status: {},
            network: {},
          },
        ],
        revision: '7',
        total: 1,
        next: null,
      }),
      ['a 1 cs x  2031-04-01T00:00:00Z'],
    ],
    [
      'may be one machine',
      asJson({ serial: 'a', spec: { rack: 1, role: 'cs', bmc: { type: 'x' } } }),
      ['a 1 cs x'],
    ],
    [
      'may be a fleet',
      asJson({ ipam: ipamConfigToJson(ipamG), dhcp: { 'lease-minutes': 60 }, machines: [flat] }),
      ['a 1 cs x'],
    ],
    ["may be Sabakan's network plan alone", asJson(ipamConfigToJson(ipamG)), []],
    [
      'is told where it breaks',
      '[\n  {"serial": "a",}\n]',
      ['2:18 no JSON: a text in double quotes must stand here'],
    ],
    [
      'is told where it is cut',
      '[{"serial": "a"',
      ['1:16 no JSON: a comma or } must stand here, but the file ends here'],
    ],
    [
      'has each member once',
      '[{"serial":"a","rack":1,"role":"cs","bmc":{"type":"x"},"rack":2}]',
      ['1:56 /0/rack: member "rack" is there twice'],
    ],
    [
      'has serials as texts',
      '[{"serial":123,"rack":1,"role":"cs","bmc":{"type":"x"}}]',
      ['1:12 /0/serial: serial must be a text, and 123 is a number here: put it in quotes, "123"'],
    ],
    [
      'has racks as numbers',
      '[{"serial":"a","rack":"1","role":"cs","bmc":{"type":"x"}}]',
      ['1:23 /0/rack: rack must be a whole number from 0, not "1": leave the quotes out'],
    ],
    [
      'has whole racks',
      '[{"serial":"a","rack":1.0,"role":"cs","bmc":{"type":"x"}}]',
      [/1:23 \/0\/rack: rack must be a whole number from 0.*not 1.0/],
    ],
    [
      'has members that are known',
      asJson([{ ...flat, lables: {} }]),
      [/^\d+:3 \/0\/lables: member "lables" is unknown here \(is it labels\?\)/],
    ],
    [
      'needs a serial',
      asJson([{ rack: 1, role: 'cs', bmc: {} }]),
      ['2:2 /0: serial is missing', '2:2 /0: bmc.type is missing'],
    ],
    ['is not nested without end', '['.repeat(1_000_000), [/^1:34 no JSON: nested over 32 levels/]],
    ['has no prototype', '{"__proto__":{"serial":"a"}}', [/^1:1 is neither a machine/]],
    [
      'names each member of a broken network plan',
      asJson({
        ipam: {
          ...ipamConfigToJson(ipamG),
          'node-ipv4-pool': '10.69.0.1/20',
          'node-ipv4-range-mask': 33,
        },
        dhcp: { 'dns-servers': ['10.0.0.1', '10.0.0'] },
      }),
      [
        '4:21 /ipam/node-ipv4-pool: node-ipv4-pool must have no bits of a host, as in 10.69.0.0/20, not "10.69.0.1/20"',
        /^\d+:\d+ \/ipam\/node-ipv4-range-mask: node-ipv4-range-mask must be 8 to 32 bits, not 33$/,
        /^\d+:\d+ \/dhcp\/dns-servers\/1: dns-servers must be IPv4 addresses, not "10.0.0"$/,
      ],
    ],
    ['is not empty', '[]', ['1:1 the file names no machine']],
  ]);
});

describe('machines as YAML', () => {
  check('yaml', [
    [
      'may be a list',
      '- serial: "a"\n  rack: 1\n  role: cs\n  bmc: {type: x}\n  labels:\n    p: q\n',
      ['a 1 cs x p=q'],
    ],
    [
      'may be documents with kinds',
      `kind: IpamConfig\nspec: ${JSON.stringify(ipamConfigToJson(ipamG))}\n---\nkind: DhcpConfig\nspec: {lease-minutes: 60}\n---\nkind: Machine\nserial: a\nspec: {rack: 1, role: cs, bmc: {type: x}}\n---\n`,
      ['a 1 cs x'],
    ],
    [
      'keeps no serial that has lost its zeros',
      '- serial: 00123\n  rack: 1\n  role: cs\n  bmc: {type: x}\n',
      [
        '1:11 /0/serial: serial must be a text, and 00123 is a number here: put it in quotes, "00123"',
      ],
    ],
    [
      'keeps no label that has lost its zero',
      '- serial: a\n  rack: 1\n  role: cs\n  bmc: {type: x}\n  labels: {v: 1.10, w: yes, x: true}\n',
      [/^5:15 .*"1.10"/, /^5:32 .*truth value true: put it in quotes/],
    ],
    [
      'has racks that nobody reads as octal',
      '- serial: a\n  rack: 010\n  role: cs\n  bmc: {type: x}\n',
      [/^2:9 \/0\/rack: rack must be a whole number from 0, without leading zeros, not 010/],
    ],
    [
      'takes a label away with null',
      '- serial: a\n  rack: 1\n  role: cs\n  bmc: {type: x}\n  labels: {v: null}\n',
      ['a 1 cs x v=-'],
    ],
    [
      'has every mistake told',
      '- serial: a\n  rack: x\n- role: cs\n  rack: 1\n  bmc: x\n',
      [
        '1:3 /0: role is missing',
        '1:3 /0: bmc.type is missing',
        '2:9 /0/rack: rack must be a whole number from 0, not "x"',
        '3:3 /1: serial is missing',
        '5:8 /1/bmc: must be an object with type, not a text',
      ],
    ],
    ['is told where it breaks', '- serial: a\n  rack: [1\n', [/^\d:\d+ no YAML/]],
    [
      'has no aliases',
      'machines:\n  - &a x\n  - *a\n',
      [/^2:8 .*not a text/, /^3:5 .*not an alias/],
    ],
    ['is not nested without end', '['.repeat(20_000), [/nested|no YAML/]],
    [
      'names each serial once',
      '- {serial: a, rack: 1, role: cs, bmc: {type: x}}\n- {serial: a, rack: 1, role: cs, bmc: {type: x}}\n',
      ['2:12 /1/serial: serial a is there twice: it stands in line 1, too'],
    ],
  ]);

  it('with a bomb of aliases does not go off', () => {
    const levels = Array.from(
      { length: 30 },
      (_, at) => `l${at}: &l${at} [${`*l${at - 1},`.repeat(10)}]`,
    );
    const [first] = read(['l-1: &l-1 x', ...levels, 'machines: *l29'].join('\n'), 'yaml');
    expect(first).toMatch(/unknown here/);
  });
});
