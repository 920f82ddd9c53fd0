import { describe, expect, it } from 'vitest';
import {
  applyBundle,
  formatDiff,
  previewBundle,
  wholeBundle,
} from '../../src/cli/commands/register.ts';
import { Failure } from '../../src/cli/failure.ts';
import { type Bundle, bundleFiles } from '../../src/cli/roster-files.ts';
import { ipamConfigToJson } from '../../src/inventory/ipam-config.ts';
import { rosterFormatOf } from '../../src/inventory/roster.ts';
import { ipamG } from '../support/machines.ts';

const file = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
const table = (...rows: readonly string[]) => ['serial,rack,role,bmc-type', ...rows].join('\n');

function bundleOf(...files: readonly ReturnType<typeof file>[]): Bundle {
  return wholeBundle(bundleFiles(files, undefined));
}

describe('several files of machines', () => {
  it('are one fleet', () => {
    const ipam = ipamConfigToJson(ipamG);
    const bundle = bundleOf(
      file('ipam.json', JSON.stringify(ipam)),
      file('a.csv', table('a,0,cs,x')),
      file('b.yml', '- {serial: b, rack: 1, role: cs, bmc: {type: x}, labels: {p: q}}'),
    );
    expect(bundle.body).toEqual({
      ipam,
      machines: [
        { serial: 'a', spec: { rack: 0, role: 'cs', bmc: { type: 'x' }, labels: {} } },
        { serial: 'b', spec: { rack: 1, role: 'cs', bmc: { type: 'x' }, labels: { p: 'q' } } },
      ],
    });
    expect(bundle.spotAt('/machines/1/spec/rack')).toMatchObject({
      file: 'b.yml',
      spot: { line: 1, column: 21 },
    });
  });

  it('have the mistakes of all of them told, with their places', () => {
    const wrong = bundleFiles(
      [file('a.csv', table('a,x,cs,x')), file('b.csv', table('b,0,,x'))],
      undefined,
    );
    expect(wrong).toMatchObject({
      total: 2,
      lines: [
        'a.csv:2:2: cell B2 (rack): rack must be a whole number from 0, not "x"',
        'b.csv:2:3: cell C2 (role): role is missing',
      ],
    });
  });

  it('name each serial once', () => {
    const wrong = bundleFiles(
      [file('a.csv', table('a,0,cs,x')), file('b.csv', table('b,0,cs,x', 'a,0,cs,x'))],
      undefined,
    );
    expect(wrong).toMatchObject({
      lines: ['b.csv:3:1: serial a is there twice: it stands in a.csv, row 2, too'],
    });
  });

  it('have what a server is against told at the places that ask for it', async () => {
    const bundle = bundleOf(file('a.csv', table('a,0,cs,x', 'b,7,cs,x')));
    const errors = [{ at: '/machines/1/spec/rack', detail: 'rack 7 is full' }];
    const refused = { status: 409, kind: 'machines-refused', said: '', errors };
    const send = async () => {
      throw new Failure('answered 409', '', 4, refused);
    };
    const failure = await previewBundle(send, bundle).catch((problem: unknown) => problem);
    expect(failure).toMatchObject({
      exitCode: 4,
      message: expect.stringMatching(/\na\.csv:3:2: rack 7 is full$/),
    });
  });

  it('are applied as they were shown: with the tag of the preview', async () => {
    const asked: unknown[] = [];
    const bundle = bundleOf(file('a.csv', table('a,0,cs,x')));
    const send = async (...args: readonly unknown[]) => {
      asked.push([args[1], args[3]]);
      return { status: 200, body: {}, etag: '"t"' };
    };
    await applyBundle(send, bundle, await previewBundle(send, bundle));
    expect(asked).toEqual([
      ['/api/v2/registrations?dryRun=true', {}],
      ['/api/v2/registrations', { ifMatch: '"t"' }],
    ]);
  });
});

describe('the format of a file', () => {
  it.each([
    ['x.csv', '', 'csv'],
    ['x.YML', '', 'yaml'],
    ['-', '\n [{"serial": "a"}]', 'json'],
    ['-', '# ours\nserial;rack', 'csv'],
    ['-', '\u{FEFF}sep=;\r\nserial;rack', 'csv'],
    ['-', '- serial: a, b', 'yaml'],
    ['fleet', 'machines:\n- serial: a', 'yaml'],
  ] as const)('of %s with %j is %s', (name, text, format) => {
    expect(rosterFormatOf(name, new TextEncoder().encode(text))).toBe(format);
  });
});

describe('a difference', () => {
  it('is a line for each member, and obeys nothing that a terminal would', () => {
    const change = { member: 'spec.labels.x', before: null, after: '\u001B[2J' };
    const machine = { serial: 'a', outcome: 'changed', changes: [change] };
    const shown = { config: [], machines: [machine] } as unknown as Parameters<
      typeof formatDiff
    >[0];
    expect(formatDiff(shown, false, (_, text) => text)).toBe(
      '~ machine a\n    spec.labels.x: → \u{FFFD}[2J',
    );
  });
});
