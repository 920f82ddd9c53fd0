import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  describeRenderProblem,
  type IgnitionTemplate,
  renderIgnition,
} from '../../../src/pxe/ignition/render.ts';
import type { Shape } from '../../../src/pxe/ignition/shape.ts';
import { ignition3Shape } from '../../../src/pxe/ignition/spec3-schema.ts';
import { parseTemplateJson } from '../../../src/pxe/ignition/template-json.ts';
import { ignitionVersions } from '../../../src/pxe/ignition/versions.ts';
import { aMachine, testStart } from '../../support/machines.ts';

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
}

// Every member of the published Go types of Ignition 2.15, by reflection.
const members = read('./ignition3-members.json') as Readonly<Record<string, readonly string[]>>;
// Rendered here, then taken by the parser and validator of Ignition 2.15 without error or warning.
const documents = read('./ignition3-documents.json') as readonly (IgnitionTemplate & {
  readonly rendered: unknown;
})[];

const settings = {
  advertiseUrl: 'http://10.69.0.3:10080',
  advertiseUrlHttps: 'https://10.69.0.3:10443',
  now: testStart,
};

function render(template: IgnitionTemplate) {
  const machine = aMachine({ rack: 1, index: 4, role: 'cs', serial: 'abc-1' });
  return renderIgnition(template, machine, settings);
}

function refusal(
  template: Record<string, unknown>,
  version: IgnitionTemplate['version'] = '3.4',
): string {
  const result = render({ version, template, meta: null });
  return result.ok ? 'rendered' : describeRenderProblem(result.error);
}

function leaves(shape: Shape, path: string): readonly string[] {
  if (typeof shape === 'string') return [`${path} ${shape}`];
  if ('list' in shape) return leaves(shape.list, `${path}[]`);
  return shape.members.flatMap((member) =>
    leaves(member.shape, path === '' ? member.name : `${path}.${member.name}`),
  );
}

describe('Ignition 3.0 to 3.5', () => {
  it.each([0, 1, 2, 3, 4, 5])('3.%i has exactly the members of Ignition’s own types', (minor) => {
    expect([...leaves(ignition3Shape(minor), '')].sort()).toEqual(members[`3.${minor}`]);
  });

  it.each(documents.map((document, at) => ({ at, ...document })))(
    'document $at, of version $version, renders to what Ignition’s validator takes',
    ({ version, template, meta, rendered }) => {
      const result = render({ version, template, meta });
      expect(result.ok ? JSON.parse(result.value) : result.error).toEqual(rendered);
    },
  );

  it('is accepted as an upload, and other versions are not', () => {
    expect(ignitionVersions).toEqual(['2.2', '2.3', '3.0', '3.1', '3.2', '3.3', '3.4', '3.5']);
    for (const version of ignitionVersions) {
      expect(parseTemplateJson({ version, template: {} }).ok).toBe(true);
    }
    for (const version of ['2.1', '2.4', '3.6', '3', '3.0.0', 3.4]) {
      expect(parseTemplateJson({ version, template: {} }).ok).toBe(false);
    }
  });

  it('forces ignition.version', () => {
    const result = render({ version: '3.2', template: { ignition: { version: '9' } }, meta: null });
    expect(result.ok && JSON.parse(result.value)).toEqual({ ignition: { version: '3.2.0' } });
  });

  it.each([
    [{ sytemd: {} }, 'sytemd'],
    [{ networkd: {} }, 'networkd'],
    [{ systemd: { units: [{ name: 'a', content: 'x' }] } }, 'systemd.units[0].content'],
    [{ systemd: { Units: [] } }, 'systemd.Units'],
    [{ storage: { files: [{ path: '/a', filesystem: 'root' }] } }, 'storage.files[0].filesystem'],
    [{ passwd: { users: [{ name: 'a', create: {} }] } }, 'passwd.users[0].create'],
  ])('refuses the unknown member in %j, naming it', (template, member) => {
    expect(refusal(template)).toMatch(`${member}: is no member of this version; there are `);
  });

  it.each([
    [{ storage: { luks: [] } }, '3.1', 'storage.luks'],
    [{ kernelArguments: {} }, '3.2', 'kernelArguments'],
    [{ ignition: { proxy: {} } }, '3.0', 'ignition.proxy'],
    [{ storage: { luks: [{ name: 'a', discard: true }] } }, '3.3', 'storage.luks[0].discard'],
    [{ storage: { luks: [{ name: 'a', cex: {} }] } }, '3.4', 'storage.luks[0].cex'],
  ] as const)('refuses in %j what came after version %s', (template, version, member) => {
    expect(refusal(template, version)).toMatch(`${member}: is no member`);
  });

  it.each([
    [{ systemd: { units: [{}] } }, 'systemd.units[0].name: is missing'],
    [{ storage: { files: [{ contents: {} }] } }, 'storage.files[0].path: is missing'],
    [{ storage: { files: {} } }, 'storage.files: must be a list, not object'],
    [{ systemd: { units: [{ name: 'a', enabled: 'yes' }] } }, 'must be true or false, not "yes"'],
    [{ storage: { files: [{ path: '/a', mode: 4.5 }] } }, 'must be a whole number, not 4.5'],
  ])('refuses %j', (template, text) => {
    expect(refusal(template)).toContain(text);
  });

  it.each([
    [
      { storage: { files: [{ path: '/a' }], links: [{ path: '/a', target: '/b' }] } },
      'storage.links[0].path: is "/a", as in storage.files[0]',
    ],
    [
      { systemd: { units: [{ name: 'a.service' }, { name: 'a.service' }] } },
      'systemd.units[1].name: is "a.service", as in systemd.units[0]',
    ],
  ])('refuses two entries of one thing, as Ignition does: %j', (template, text) => {
    expect(refusal(template)).toContain(text);
  });

  it('leaves packed contents and contents without templates as they are', () => {
    const sources = [
      { compression: 'gzip', source: `data:;base64,${btoa('{{ .Spec.Serial }}')}` },
      { source: 'data:text/plain;base64,cGxhaW4=' },
      { compression: '', source: 'data:,%7B%7B%20.Spec.Serial%20%7D%7D' },
      { compression: 'gzip', source: '{{ MyURL }}/x.gz' },
    ];
    const files = sources.map((contents, at) => ({ path: `/f${at}`, contents }));
    const result = render({ version: '3.1', template: { storage: { files } }, meta: null });
    const rendered = result.ok ? JSON.parse(result.value) : result.error;
    expect(
      rendered.storage.files.map((file: { contents: { source: string } }) => file.contents.source),
    ).toEqual([
      sources[0]?.source,
      sources[1]?.source,
      'data:,abc-1',
      `${settings.advertiseUrl}/x.gz`,
    ]);
  });
});
