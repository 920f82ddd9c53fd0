/**
 * Ignition 3.0 to 3.5 as data: which members exist in which version, which must be there, and which are rendered as
 * templates. Facts from the published Go types of Ignition 2.15 (config/v3_0 to v3_4) and 2.20
 * (v3_5).
 *
 * Unlike 2.x the document is not filled up with empty sections: what is not given is not written.
 */

import type { Member, Shape } from './shape.ts';

/** @param minor the second number of the version: 3.`minor` */
export function ignition3Shape(minor: number): Shape {
  const resource = resourceMembers(minor);
  const rendered = rendering(resource);
  const node = [
    optional('group', owner),
    optional('overwrite', 'bool'),
    required('path'),
    optional('user', owner),
  ];
  const reference = minor === 0 ? [optional('source'), verification] : resource;
  return object(
    always('ignition', ignitionSection(minor, reference)),
    ...since(minor, 3, [
      optional(
        'kernelArguments',
        object(optional('shouldExist', strings), optional('shouldNotExist', strings)),
      ),
    ]),
    optional('passwd', passwdSection(minor)),
    optional(
      'storage',
      object(
        optional('directories', listOf(...node, optional('mode', 'int'))),
        optional('disks', diskList(minor)),
        optional(
          'files',
          listOf(
            ...node,
            optional('append', listOf(...rendered)),
            optional('contents', object(...rendered)),
            optional('mode', 'int'),
          ),
        ),
        optional('filesystems', filesystemList(minor)),
        optional('links', listOf(...node, optional('hard', 'bool'), required('target'))),
        ...since(minor, 2, [optional('luks', luksList(minor, resource))]),
        optional('raid', raidList(minor)),
      ),
    ),
    optional('systemd', systemdSection),
  );
}

const strings: Shape = { list: 'string' };

function object(...members: readonly Member[]): Shape {
  return { members };
}

function listOf(...members: readonly Member[]): Shape {
  return { list: { members } };
}

function optional(name: string, shape: Shape = 'string'): Member {
  return { name, shape, when: 'pointer' };
}

function required(name: string, shape: Shape = 'string'): Member {
  return { name, shape, when: 'required' };
}

function always(name: string, shape: Shape): Member {
  return { name, shape, when: 'always' };
}

function text(member: Member): Member {
  return { ...member, render: 'text' };
}

function since(minor: number, first: number, members: readonly Member[]): readonly Member[] {
  return minor >= first ? members : [];
}

const owner = object(optional('id', 'int'), optional('name'));
const verification = optional('verification', object(optional('hash')));

/** A file, a configuration or a key that may be elsewhere. */
function resourceMembers(minor: number): readonly Member[] {
  const headers = optional('httpHeaders', listOf(required('name'), optional('value')));
  return [optional('compression'), ...since(minor, 1, [headers]), optional('source'), verification];
}

/** The same with templates in it: contents of files. */
function rendering(resource: readonly Member[]): readonly Member[] {
  return resource.map((member): Member => {
    switch (member.name) {
      case 'source':
        return { ...member, render: 'source' };
      case 'verification':
        return { ...member, shape: object(text(optional('hash'))) };
      case 'httpHeaders':
        return { ...member, shape: listOf(required('name'), text(optional('value'))) };
      default:
        return member;
    }
  });
}

function ignitionSection(minor: number, reference: readonly Member[]): Shape {
  const authority = minor === 0 ? listOf(required('source'), verification) : listOf(...reference);
  const proxy = object(optional('httpProxy'), optional('httpsProxy'), optional('noProxy', strings));
  return object(
    optional(
      'config',
      object(optional('merge', listOf(...reference)), optional('replace', object(...reference))),
    ),
    ...since(minor, 1, [optional('proxy', proxy)]),
    optional(
      'security',
      object(optional('tls', object(optional('certificateAuthorities', authority)))),
    ),
    optional(
      'timeouts',
      object(optional('httpResponseHeaders', 'int'), optional('httpTotal', 'int')),
    ),
    optional('version'),
  );
}

function passwdSection(minor: number): Shape {
  const existence = since(minor, 2, [optional('shouldExist', 'bool')]);
  return object(
    optional(
      'groups',
      listOf(
        optional('gid', 'int'),
        text(required('name')),
        text(optional('passwordHash')),
        ...existence,
        optional('system', 'bool'),
      ),
    ),
    optional(
      'users',
      listOf(
        text(optional('gecos')),
        text(optional('groups', strings)),
        text(optional('homeDir')),
        text(required('name')),
        optional('noCreateHome', 'bool'),
        optional('noLogInit', 'bool'),
        optional('noUserGroup', 'bool'),
        text(optional('passwordHash')),
        text(optional('primaryGroup')),
        text(optional('sshAuthorizedKeys', strings)),
        text(optional('shell')),
        ...existence,
        optional('system', 'bool'),
        optional('uid', 'int'),
      ),
    ),
  );
}

function diskList(minor: number): Shape {
  const partition = listOf(
    optional('guid'),
    optional('label'),
    optional('number', 'int'),
    ...since(minor, 2, [optional('resize', 'bool')]),
    optional('shouldExist', 'bool'),
    optional('sizeMiB', 'int'),
    optional('startMiB', 'int'),
    optional('typeGuid'),
    optional('wipePartitionEntry', 'bool'),
  );
  return listOf(
    required('device'),
    optional('partitions', partition),
    optional('wipeTable', 'bool'),
  );
}

function filesystemList(minor: number): Shape {
  return listOf(
    required('device'),
    optional('format'),
    optional('label'),
    ...since(minor, 1, [optional('mountOptions', strings)]),
    optional('options', strings),
    optional('path'),
    optional('uuid'),
    optional('wipeFilesystem', 'bool'),
  );
}

function luksList(minor: number, resource: readonly Member[]): Shape {
  const custom = object(
    minor < 3 ? required('config') : optional('config'),
    optional('needsNetwork', 'bool'),
    minor < 3 ? required('pin') : optional('pin'),
  );
  const tang = listOf(
    ...since(minor, 4, [optional('advertisement')]),
    optional('thumbprint'),
    optional('url'),
  );
  const clevis = object(
    optional('custom', custom),
    optional('tang', tang),
    optional('threshold', 'int'),
    optional('tpm2', 'bool'),
  );
  const cex = object(optional('enabled', 'bool'));
  return listOf(
    ...since(minor, 5, [optional('cex', cex)]),
    optional('clevis', clevis),
    optional('device'),
    ...since(minor, 4, [optional('discard', 'bool')]),
    optional('keyFile', object(...resource)),
    optional('label'),
    required('name'),
    ...since(minor, 4, [optional('openOptions', strings)]),
    optional('options', strings),
    optional('uuid'),
    optional('wipeVolume', 'bool'),
  );
}

function raidList(minor: number): Shape {
  return listOf(
    minor < 3 ? required('devices', strings) : optional('devices', strings),
    minor < 3 ? required('level') : optional('level'),
    required('name'),
    optional('options', strings),
    optional('spares', 'int'),
  );
}

const systemdSection = object(
  optional(
    'units',
    listOf(
      text(optional('contents')),
      optional('dropins', listOf(text(optional('contents')), required('name'))),
      optional('enabled', 'bool'),
      optional('mask', 'bool'),
      required('name'),
    ),
  ),
);
