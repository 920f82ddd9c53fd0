import { describe, expect, it } from 'vitest';
import {
  assembleTemplate,
  includesMax,
  type SourceFiles,
} from '../../src/cli/ignition-assembly.ts';

/** A disk as a table: path → text, with the permissions after a blank where they matter. */
function disk(
  entries: Readonly<Record<string, string | Uint8Array>>,
  modes: Record<string, number> = {},
) {
  const joined = (directory: string, name: string): string =>
    name.startsWith('/') ? name : `${directory}/${name}`;
  const contentOf = (path: string): string | Uint8Array => {
    const content = entries[path.replaceAll('//', '/')];
    if (content === undefined) throw new Error(`${path} is not there`);
    return content;
  };
  const files: SourceFiles = {
    open: async (directory, name) => {
      const path = joined(directory, name);
      return { text: String(contentOf(path)), directory: path.slice(0, path.lastIndexOf('/')) };
    },
    read: async (directory, ...names) => {
      const path = [directory, ...names].join('/').replaceAll('//', '/');
      const content = contentOf(path);
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      return { bytes, mode: modes[path] ?? 0o644 };
    },
  };
  return files;
}

async function assembled(entries: Parameters<typeof disk>[0], modes = {}, name = 'site.yml') {
  const result = await assembleTemplate(disk(entries, modes), '/t', name);
  return result.ok ? result.value : result.error;
}

describe('the source of a template', () => {
  it('is version 2.2 when it is empty', async () => {
    expect(await assembled({ '/t/site.yml': '' })).toEqual({
      version: '2.2',
      template: { ignition: { version: '2.2.0' } },
    });
  });

  it('becomes files with mode and file system, units, and accounts', async () => {
    const template = await assembled(
      {
        '/t/site.yml': `
version: "2.3"
passwd: passwd.yml
files: [/etc/rack, /opt/sbin/run]
remote_files:
  - {name: /opt/big, url: "{{ MyURL }}/api/v1/assets/big", mode: 0755}
  - {name: /opt/other, url: "http://x/y"}
systemd:
  - {name: a.service, enabled: true}
  - {name: b.service, enabled: false}
  - {name: c.service, mask: true}
networkd: [10-eth.network]
`,
        '/t/passwd.yml': 'users: [{name: core, sshAuthorizedKeys: ["k {{ .Spec.Serial }}"]}]',
        '/t/files/etc/rack': 'rack {{ .Spec.Rack }}\n',
        '/t/files/opt/sbin/run': Uint8Array.from([0x23, 0xff, 0x0a]),
        '/t/systemd/a.service': '[Service]',
        '/t/systemd/b.service': 'B',
        '/t/networkd/10-eth.network': '[Match]',
      },
      { '/t/files/opt/sbin/run': 0o755 },
    );
    const root = { filesystem: 'root' };
    expect(template).toEqual({
      version: '2.3',
      template: {
        ignition: { version: '2.3.0' },
        passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['k {{ .Spec.Serial }}'] }] },
        storage: {
          files: [
            {
              ...root,
              path: '/etc/rack',
              contents: { source: 'data:,rack%20%7B%7B%20.Spec.Rack%20%7D%7D%0A' },
              mode: 0o644,
            },
            {
              ...root,
              path: '/opt/sbin/run',
              contents: { source: 'data:,%23%FF%0A' },
              mode: 0o755,
            },
            {
              ...root,
              path: '/opt/big',
              contents: { source: '{{ MyURL }}/api/v1/assets/big' },
              mode: 0o755,
            },
            { ...root, path: '/opt/other', contents: { source: 'http://x/y' } },
          ],
        },
        networkd: { units: [{ name: '10-eth.network', contents: '[Match]' }] },
        systemd: {
          units: [
            { name: 'a.service', enabled: true, contents: '[Service]' },
            { name: 'b.service', contents: 'B' },
            { name: 'c.service', mask: true },
          ],
        },
      },
    });
  });

  it('puts what it includes first, each with the files beside it, and its own accounts instead', async () => {
    const template = await assembled({
      '/t/site.yml': 'include: ../base/base.yml\npasswd: own.yml\nsystemd: [{name: own.service}]\n',
      '/t/own.yml': 'users: [{name: own}]',
      '/t/systemd/own.service': 'OWN',
      '/t/../base/base.yml': 'passwd: p.yml\nsystemd: [{name: base.service}]\n',
      '/t/../base/p.yml': 'users: [{name: base}]',
      '/t/../base/systemd/base.service': 'BASE',
    });
    expect(template).toMatchObject({
      template: {
        passwd: { users: [{ name: 'own' }] },
        systemd: {
          units: [
            { name: 'base.service', contents: 'BASE' },
            { name: 'own.service', contents: 'OWN' },
          ],
        },
      },
    });
  });

  it('keeps the included accounts where it has none', async () => {
    const template = await assembled({
      '/t/site.yml': 'include: base.yml\n',
      '/t/base.yml': 'passwd: p.yml\n',
      '/t/p.yml': 'users: [{name: base}]',
    });
    expect(template).toMatchObject({ template: { passwd: { users: [{ name: 'base' }] } } });
  });

  it('of Ignition 3 has files without a file system', async () => {
    const template = await assembled({
      '/t/site.yml': 'version: 3.4\nfiles: [/etc/x]\n',
      '/t/files/etc/x': 'x',
    });
    expect(template).toEqual({
      version: '3.4',
      template: {
        ignition: { version: '3.4.0' },
        storage: { files: [{ path: '/etc/x', contents: { source: 'data:,x' }, mode: 0o644 }] },
      },
    });
  });

  it.each([
    [
      'another version is included',
      { '/t/site.yml': 'version: "2.3"\ninclude: b.yml', '/t/b.yml': '' },
      'b.yml: version is 2.2, but the file that includes it has 2.3',
    ],
    [
      'it includes itself',
      { '/t/site.yml': 'include: site.yml' },
      `more than ${includesMax} includes`,
    ],
    [
      'a file is not absolute',
      { '/t/site.yml': 'files: [etc/x]' },
      'files: etc/x must be the absolute path',
    ],
    [
      'a member is unknown',
      { '/t/site.yml': 'file: [/etc/x]' },
      'site.yml: file is no member of a source',
    ],
    ['a list is none', { '/t/site.yml': 'files: /etc/x' }, 'files must be a list'],
    [
      'a unit has no name',
      { '/t/site.yml': 'systemd: [{enabled: true}]' },
      'systemd[0].name must be text',
    ],
    [
      'a unit is enabled by text',
      { '/t/site.yml': 'systemd: [{name: a, enabled: "yes"}]' },
      'systemd[0].enabled must be true or false',
    ],
    [
      'a mode is none',
      { '/t/site.yml': 'remote_files: [{name: /a, url: b, mode: "0644"}]' },
      'remote_files[0].mode must be a number',
    ],
    [
      'Ignition 3 is given networkd',
      { '/t/site.yml': 'version: "3.0"\nnetworkd: [a]' },
      'Ignition 3.0 has no networkd',
    ],
    ['it is a list', { '/t/site.yml': '[]' }, 'site.yml: must be a map'],
    ['it is no YAML', { '/t/site.yml': 'a: [' }, 'site.yml: '],
    [
      'accounts are a list',
      { '/t/site.yml': 'passwd: p.yml', '/t/p.yml': '[]' },
      'p.yml: must be a map with users and groups',
    ],
  ])('is refused when %s', async (_, entries, text) => {
    expect(await assembled(entries as Record<string, string>)).toContain(text);
  });
});
