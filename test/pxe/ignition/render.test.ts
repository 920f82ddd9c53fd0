import { describe, expect, it } from 'vitest';
import { formatInstant } from '../../../src/base/time.ts';
import { decodeDataUrl, encodeDataUrl } from '../../../src/pxe/ignition/data-url.ts';
import {
  describeRenderProblem,
  exampleMachine,
  type IgnitionTemplate,
  renderIgnition,
} from '../../../src/pxe/ignition/render.ts';
import { aMachine, ipamG, testStart } from '../../support/machines.ts';

const settings = {
  advertiseUrl: 'http://10.69.0.3:10080',
  advertiseUrlHttps: 'https://10.69.0.3:10443',
  now: testStart,
};

function aTemplate(
  template: Record<string, unknown>,
  meta: IgnitionTemplate['meta'] = null,
): IgnitionTemplate {
  return { version: '2.3', template, meta };
}

function rendered(
  template: Record<string, unknown>,
  meta: IgnitionTemplate['meta'] = null,
): unknown {
  const machine = aMachine({ rack: 1, index: 4, role: 'cs', serial: 'abc-1' });
  const result = renderIgnition(aTemplate(template, meta), machine, settings);
  if (!result.ok) throw new Error(describeRenderProblem(result.error));
  return JSON.parse(result.value);
}

const file = (source: string): Record<string, unknown> => ({
  storage: { files: [{ filesystem: 'root', path: '/etc/x', contents: { source } }] },
});

function sourceOf(document: unknown): string {
  return (
    (document as { storage: { files: { contents: { source: string } }[] } }).storage.files[0]
      ?.contents.source ?? ''
  );
}

describe('rendering a template for a machine', () => {
  it('renders the content of a data URL and encodes it again (the golden vector)', () => {
    const source =
      'data:,rack%7B%7B%20.Spec.Rack%20%7D%7D-%7B%7B%20.Spec.Role%20%7D%7D-%7B%7B%20.Spec.IndexInRack%20%7D%7D%0A';
    expect(sourceOf(rendered(file(source)))).toBe('data:,rack1-cs-4%0A');
  });

  it('knows the first address with mask and gateway (the golden vector)', () => {
    const nic = '(index .Info.Network.IPv4 0)';
    const text = `{{ ${nic}.Address }}/{{ ${nic}.MaskBits }} {{ ${nic}.Gateway }}`;
    const source = sourceOf(rendered(file(`data:,${encodeURIComponent(text)}`)));
    expect(decodeURIComponent(source.slice('data:,'.length))).toBe('10.69.0.196/26 10.69.0.193');
  });

  it('counts in whole numbers (the golden vector)', () => {
    expect(sourceOf(rendered(file('data:,%7B%7B%20add%20.Spec.Rack%2010%20%7D%7D')))).toBe(
      'data:,11',
    );
  });

  it('renders a source that is a URL as text, and base64 content as content', () => {
    expect(sourceOf(rendered(file('{{ MyURL }}/api/v1/assets/x')))).toBe(
      'http://10.69.0.3:10080/api/v1/assets/x',
    );
    expect(sourceOf(rendered(file(`data:;base64,${btoa('{{ .Spec.Serial }}')}`)))).toBe(
      'data:,abc-1',
    );
  });

  it('leaves octets that are no text as they are', () => {
    const bytes = Uint8Array.from([0, 0xff, 0xc3, 0x28, 0x7b, 0x80, 0xe6, 0x97, 0xa5]);
    expect(decodeDataUrl(sourceOf(rendered(file(encodeDataUrl(bytes)))))).toEqual(bytes);
  });

  it('writes the typed structure again: empty sections appear, unknown members go, the version is forced', () => {
    expect(
      rendered({
        ignition: { version: '9' },
        surprise: 1,
        systemd: { units: [{ name: 'a.service', extra: 2 }] },
      }),
    ).toEqual({
      ignition: { config: {}, security: { tls: {} }, timeouts: {}, version: '2.3.0' },
      networkd: {},
      passwd: {},
      storage: {},
      systemd: { units: [{ name: 'a.service' }] },
    });
  });

  it('renders what Sabakan renders and nothing else', () => {
    const t = '{{ .Spec.Role }}';
    const document = rendered({
      passwd: {
        groups: [{ name: t, passwordHash: t }],
        users: [{ name: t, sshAuthorizedKeys: [t], groups: [t], shell: t }],
      },
      networkd: { units: [{ name: t, contents: t, dropins: [{ name: 'd', contents: t }] }] },
      systemd: { units: [{ name: t, contents: t, enabled: true }] },
      storage: { directories: [{ filesystem: 'root', path: t }] },
    });
    expect(document).toMatchObject({
      passwd: {
        groups: [{ name: 'cs', passwordHash: 'cs' }],
        users: [{ name: 'cs', sshAuthorizedKeys: ['cs'], groups: ['cs'], shell: 'cs' }],
      },
      networkd: { units: [{ name: t, contents: 'cs', dropins: [{ contents: t }] }] },
      systemd: { units: [{ name: t, contents: 'cs', enabled: true }] },
      storage: { directories: [{ path: t }] },
    });
  });

  it('names member, line and expression of what fails', () => {
    const result = renderIgnition(
      aTemplate({ systemd: { units: [{ name: 'a', contents: 'one\ntwo {{ .Spec.Nope }}' }] } }),
      aMachine(),
      settings,
    );
    expect(!result.ok && describeRenderProblem(result.error)).toBe(
      'template: systemd.units[0].contents:2:12: executing "systemd.units[0].contents" at <.Spec.Nope>: can\'t evaluate field Nope in type sabakan.MachineSpec',
    );
  });

  it.each([
    [{ storage: { files: 'x' } }, 'storage.files'],
    [{ systemd: { units: [{ name: 3 }] } }, 'systemd.units[0].name'],
    [{ storage: { files: [{ mode: '0644' }] } }, 'storage.files[0].mode'],
    [file('data:;base64,***'), 'storage.files[0].contents.source'],
  ])('refuses %j, naming %s', (template, member) => {
    const result = renderIgnition(aTemplate(template), aMachine(), settings);
    expect(!result.ok && result.error.member).toBe(member);
  });

  it.each([
    '{{ range 999999999 }}x{{ end }}',
    '{{ define "r" }}{{ template "r" }}{{ end }}{{ template "r" }}',
    '{{ printf "%999999999d" 1 }}{{ range 999999 }}{{ range 999999 }}y{{ end }}{{ end }}',
  ])('bounds the work of %s', (text) => {
    const result = renderIgnition(
      aTemplate(file(`data:,${encodeURIComponent(text)}`)),
      aMachine(),
      settings,
    );
    // Without a bound it would not end in a lifetime.
    expect(!result.ok && result.error.text).toMatch(/Max\)|exceeded maximum template depth/);
  });

  it('has an example machine to try a new template with', () => {
    const machine = exampleMachine(ipamG, formatInstant(testStart));
    expect(machine.spec).toMatchObject({ serial: '1234abcd', rack: 1, indexInRack: 1 });
    expect(machine.info.network).toHaveLength(3);
  });
});
