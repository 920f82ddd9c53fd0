/**
 * Ignition 2.2 and 2.3 as data: which members exist, in which order they are written, which are left out when
 * empty, and which are rendered as templates. Facts from the published Go types of Ignition 0.35 (config/v2_2, v2_3).
 */

import type { Member, Shape } from './shape.ts';

/** The root of a configuration; `version` is the template's, `2.2` or `2.3`. */
export function ignition2Shape(version: '2.2' | '2.3'): Shape {
  // 2.3 made these members mandatory.
  const required = version === '2.3' ? 'always' : 'omit';
  const strings: Shape = { list: 'string' };
  const object = (...members: Member[]): Shape => ({ members });
  const listOf = (...members: Member[]): Shape => ({ list: { members } });
  const omit = (name: string, shape: Shape = 'string'): Member => ({ name, shape, when: 'omit' });
  const always = (name: string, shape: Shape = 'string'): Member => ({
    name,
    shape,
    when: 'always',
  });
  const pointer = (name: string, shape: Shape = 'string'): Member => ({
    name,
    shape,
    when: 'pointer',
  });
  const mandatory = (name: string, shape: Shape = 'string'): Member => ({
    name,
    shape,
    when: required,
  });
  const text = (member: Member): Member => ({ ...member, render: 'text' });
  const version23 = (...members: Member[]): Member[] => (version === '2.3' ? members : []);

  const plainVerification = always('verification', object(pointer('hash')));
  const reference = [mandatory('source'), plainVerification];
  const owner = object(pointer('id', 'int'), omit('name'));
  const node = [
    mandatory('filesystem'),
    pointer('group', owner),
    pointer('overwrite', 'bool'),
    mandatory('path'),
    pointer('user', owner),
  ];
  const dropins = omit('dropins', listOf(omit('contents'), mandatory('name')));
  const account = [
    omit('noCreateHome', 'bool'),
    omit('noLogInit', 'bool'),
    omit('noUserGroup', 'bool'),
  ];

  return object(
    always(
      'ignition',
      object(
        always(
          'config',
          object(omit('append', listOf(...reference)), pointer('replace', object(...reference))),
        ),
        always(
          'security',
          object(always('tls', object(omit('certificateAuthorities', listOf(...reference))))),
        ),
        always(
          'timeouts',
          object(pointer('httpResponseHeaders', 'int'), pointer('httpTotal', 'int')),
        ),
        omit('version'),
      ),
    ),
    always(
      'networkd',
      object(omit('units', listOf(text(omit('contents')), dropins, mandatory('name')))),
    ),
    always(
      'passwd',
      object(
        omit(
          'groups',
          listOf(
            pointer('gid', 'int'),
            text(mandatory('name')),
            text(omit('passwordHash')),
            omit('system', 'bool'),
          ),
        ),
        omit(
          'users',
          listOf(
            pointer(
              'create',
              object(
                omit('gecos'),
                omit('groups', strings),
                omit('homeDir'),
                ...account,
                omit('primaryGroup'),
                omit('shell'),
                omit('system', 'bool'),
                pointer('uid', 'int'),
              ),
            ),
            text(omit('gecos')),
            text(omit('groups', strings)),
            text(omit('homeDir')),
            text(mandatory('name')),
            ...account,
            text(pointer('passwordHash')),
            text(omit('primaryGroup')),
            text(omit('sshAuthorizedKeys', strings)),
            text(omit('shell')),
            omit('system', 'bool'),
            pointer('uid', 'int'),
          ),
        ),
      ),
    ),
    always(
      'storage',
      object(
        omit('directories', listOf(...node, pointer('mode', 'int'))),
        omit(
          'disks',
          listOf(
            mandatory('device'),
            omit(
              'partitions',
              listOf(
                omit('guid'),
                version === '2.3' ? pointer('label') : omit('label'),
                omit('number', 'int'),
                ...version23(pointer('shouldExist', 'bool')),
                version === '2.3' ? pointer('size', 'int') : omit('size', 'int'),
                ...version23(pointer('sizeMiB', 'int')),
                version === '2.3' ? pointer('start', 'int') : omit('start', 'int'),
                ...version23(pointer('startMiB', 'int')),
                omit('typeGuid'),
                ...version23(omit('wipePartitionEntry', 'bool')),
              ),
            ),
            omit('wipeTable', 'bool'),
          ),
        ),
        omit(
          'files',
          listOf(
            ...node,
            omit('append', 'bool'),
            always(
              'contents',
              object(
                omit('compression'),
                { name: 'source', shape: 'string', when: 'omit', render: 'source' },
                always('verification', object(text(pointer('hash')))),
              ),
            ),
            pointer('mode', 'int'),
          ),
        ),
        omit(
          'filesystems',
          listOf(
            pointer(
              'mount',
              object(
                pointer('create', object(omit('force', 'bool'), omit('options', strings))),
                mandatory('device'),
                mandatory('format'),
                pointer('label'),
                omit('options', strings),
                pointer('uuid'),
                omit('wipeFilesystem', 'bool'),
              ),
            ),
            omit('name'),
            pointer('path'),
          ),
        ),
        omit('links', listOf(...node, omit('hard', 'bool'), mandatory('target'))),
        omit(
          'raid',
          listOf(
            mandatory('devices', strings),
            mandatory('level'),
            mandatory('name'),
            omit('options', strings),
            omit('spares', 'int'),
          ),
        ),
      ),
    ),
    always(
      'systemd',
      object(
        omit(
          'units',
          listOf(
            text(omit('contents')),
            dropins,
            omit('enable', 'bool'),
            pointer('enabled', 'bool'),
            omit('mask', 'bool'),
            mandatory('name'),
          ),
        ),
      ),
    ),
  );
}
