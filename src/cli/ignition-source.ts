/**
 * A template's source, YAML beside the files it names, → the template that is uploaded. As `sabactl ignitions set -f`
 * of Sabakan 3.1.9 assembles it, and for Ignition 3.x what is the same there.
 */

import { parse } from 'yaml';
import { fail, ok, type Result } from '../base/result.ts';

export type SourceFile = {
  readonly bytes: Uint8Array /** Permission bits. */;
  readonly mode: number;
};

/** Files as seen from the directory of a source; a name that cannot be read ends the command. */
export type SourceFiles = {
  /** A YAML file and the directory it lies in, its links resolved. */
  readonly open: (
    directory: string,
    name: string,
  ) => Promise<{ readonly text: string; readonly directory: string }>;
  /** `names` are joined below the directory. */
  readonly read: (directory: string, ...names: readonly string[]) => Promise<SourceFile>;
};

export type AssembledTemplate = {
  readonly version: string;
  readonly template: Readonly<Record<string, unknown>>;
};

/** Sources including one another in a circle would never end. */
export const includesMax = 20;

const defaultVersion = '2.2';
const strict = new TextDecoder('utf-8', { fatal: true });

/** The error says which file is wrong, where, and what would be right. */
export async function assembleTemplate(
  files: SourceFiles,
  directory: string,
  name: string,
): Promise<Result<AssembledTemplate, string>> {
  const parts = await collect(files, directory, name, undefined, 0);
  if (!parts.ok) return parts;
  const { version, passwd, storage, networkd, systemd } = parts.value;
  return ok({
    version,
    template: {
      ignition: { version: `${version}.0` },
      ...(passwd === undefined ? {} : { passwd }),
      ...(storage.length === 0 ? {} : { storage: { files: storage } }),
      ...(networkd.length === 0 ? {} : { networkd: { units: networkd } }),
      ...(systemd.length === 0 ? {} : { systemd: { units: systemd } }),
    },
  });
}

type Parts = {
  readonly version: string;
  readonly passwd: unknown;
  readonly storage: readonly unknown[];
  readonly networkd: readonly unknown[];
  readonly systemd: readonly unknown[];
};

/** Included lists come first, a source's own entries after them; its own `passwd` takes the included one's place. */
async function collect(
  files: SourceFiles,
  from: string,
  name: string,
  includedBy: string | undefined,
  depth: number,
): Promise<Result<Parts, string>> {
  if (depth > includesMax)
    return fail(`${name}: more than ${includesMax} includes; is it a circle?`);
  const { text, directory } = await files.open(from, name);
  const source = parseSource(name, text);
  if (!source.ok) return source;
  const { version, include, passwd, ...own } = source.value;
  if (includedBy !== undefined && version !== includedBy) {
    return fail(`${name}: version is ${version}, but the file that includes it has ${includedBy}`);
  }
  const below =
    include === ''
      ? ok({ version, passwd: undefined, storage: [], networkd: [], systemd: [] })
      : await collect(files, directory, include, version, depth + 1);
  if (!below.ok) return below;
  const accounts =
    passwd === '' ? ok(below.value.passwd) : await readPasswd(files, directory, passwd);
  if (!accounts.ok) return accounts;
  const isOld = version.startsWith('2.');
  if (!isOld && own.networkd.length > 0) {
    return fail(
      `${name}: Ignition ${version} has no networkd; list /etc/systemd/network/… in files`,
    );
  }
  return ok({
    version,
    passwd: accounts.value,
    storage: [
      ...below.value.storage,
      ...(await localFiles(files, directory, own.files, isOld)),
      ...own.remoteFiles.map((remote) => remoteFile(remote, isOld)),
    ],
    networkd: [...below.value.networkd, ...(await networkdUnits(files, directory, own.networkd))],
    systemd: [...below.value.systemd, ...(await systemdUnits(files, directory, own.systemd))],
  });
}

async function readPasswd(
  files: SourceFiles,
  directory: string,
  name: string,
): Promise<Result<unknown, string>> {
  const { text } = await files.open(directory, name);
  const value = parseYaml(name, text);
  if (!value.ok) return value;
  return isObject(value.value) ? value : fail(`${name}: must be a map with users and groups`);
}

function localFiles(
  files: SourceFiles,
  directory: string,
  paths: readonly string[],
  isOld: boolean,
): Promise<readonly unknown[]> {
  return Promise.all(
    paths.map(async (path) => {
      const { bytes, mode } = await files.read(directory, 'files', path);
      return fileEntry(path, `data:,${percentEncoded(bytes)}`, mode, isOld);
    }),
  );
}

function remoteFile({ name, url, mode }: RemoteFile, isOld: boolean): unknown {
  return fileEntry(name, url, mode, isOld);
}

/** Without `filesystem` and `mode` Ignition 2 writes no file at all. */
function fileEntry(
  path: string,
  source: string,
  mode: number | undefined,
  isOld: boolean,
): unknown {
  return {
    ...(isOld ? { filesystem: 'root' } : {}),
    path,
    contents: { source },
    ...(mode === undefined ? {} : { mode }),
  };
}

function networkdUnits(
  files: SourceFiles,
  directory: string,
  names: readonly string[],
): Promise<readonly unknown[]> {
  return Promise.all(
    names.map(async (name) => ({
      name,
      contents: await textOf(files, directory, 'networkd', name),
    })),
  );
}

function systemdUnits(
  files: SourceFiles,
  directory: string,
  units: readonly SystemdUnit[],
): Promise<readonly unknown[]> {
  return Promise.all(
    units.map(async ({ name, enabled, mask }) => {
      if (mask) return { name, mask };
      const contents = await textOf(files, directory, 'systemd', name);
      return { name, ...(enabled ? { enabled } : {}), contents };
    }),
  );
}

async function textOf(
  files: SourceFiles,
  directory: string,
  ...names: readonly string[]
): Promise<string> {
  return new TextDecoder().decode((await files.read(directory, ...names)).bytes);
}

type RemoteFile = {
  readonly name: string;
  readonly url: string;
  readonly mode: number | undefined;
};
type SystemdUnit = { readonly name: string; readonly enabled: boolean; readonly mask: boolean };

type Source = {
  readonly version: string;
  readonly include: string;
  readonly passwd: string;
  readonly files: readonly string[];
  readonly remoteFiles: readonly RemoteFile[];
  readonly systemd: readonly SystemdUnit[];
  readonly networkd: readonly string[];
};

const members = ['version', 'include', 'passwd', 'files', 'remote_files', 'systemd', 'networkd'];

function parseSource(name: string, text: string): Result<Source, string> {
  const yaml = parseYaml(name, text);
  if (!yaml.ok) return yaml;
  // An empty file is an empty template.
  const source = yaml.value ?? {};
  if (!isObject(source)) return fail(`${name}: must be a map with ${members.join(', ')}`);
  const unknown = Object.keys(source).find((key) => !members.includes(key));
  if (unknown !== undefined) {
    return fail(`${name}: ${unknown} is no member of a source; there are ${members.join(', ')}`);
  }
  const wrong: string[] = [];
  const reader = entryReader(wrong);
  const parsed: Source = {
    // 2.3 without quotes is a number in YAML.
    version: String(source['version'] ?? '') || defaultVersion,
    include: reader.text(source, 'include', ''),
    passwd: reader.text(source, 'passwd', ''),
    files: reader.list(source, 'files', (item, at) => reader.itself(item, at)),
    remoteFiles: reader.list(source, 'remote_files', (item, at) => ({
      name: reader.text(item, 'name', at),
      url: reader.text(item, 'url', at),
      mode: reader.mode(item, at),
    })),
    systemd: reader.list(source, 'systemd', (item, at) => ({
      name: reader.text(item, 'name', at),
      enabled: reader.flag(item, 'enabled', at),
      mask: reader.flag(item, 'mask', at),
    })),
    networkd: reader.list(source, 'networkd', (item, at) => reader.itself(item, at)),
  };
  for (const path of parsed.files) {
    if (!path.startsWith('/'))
      wrong.push(`files: ${path} must be the absolute path on the machine`);
  }
  return wrong.length === 0 ? ok(parsed) : fail(`${name}: ${wrong.join('; ')}`);
}

/** Reads members and collects what is wrong with them; `at` names the entry, empty for the source itself. */
function entryReader(wrong: string[]) {
  const memberOf = (item: unknown, key: string): unknown =>
    isObject(item) ? (item[key] ?? undefined) : undefined;
  const complain = (at: string, key: string, what: string): void => {
    wrong.push(`${[at, key].filter((part) => part !== '').join('.')} must be ${what}`);
  };
  return {
    text: (item: unknown, key: string, at: string): string => {
      const value = memberOf(item, key);
      if (typeof value === 'string' && value !== '') return value;
      // Of an entry it is what the entry is about.
      if (value !== undefined || at !== '') complain(at, key, 'text');
      return '';
    },
    itself: (item: unknown, at: string): string => {
      if (typeof item === 'string' && item !== '') return item;
      complain(at, '', 'text');
      return '/';
    },
    flag: (item: unknown, key: string, at: string): boolean => {
      const value = memberOf(item, key) ?? false;
      if (typeof value !== 'boolean') complain(at, key, 'true or false');
      return value === true;
    },
    mode: (item: unknown, at: string): number | undefined => {
      const value = memberOf(item, 'mode');
      if (value === undefined) return undefined;
      if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0o7777)
        return Number(value);
      complain(at, 'mode', 'a number such as 0644');
      return undefined;
    },
    list: <T>(
      item: unknown,
      key: string,
      read: (entry: unknown, at: string) => T,
    ): readonly T[] => {
      const value = memberOf(item, key) ?? [];
      if (Array.isArray(value)) return value.map((entry, at) => read(entry, `${key}[${at}]`));
      complain('', key, 'a list');
      return [];
    },
  };
}

/** A file with a map in it, YAML or JSON: a template's `meta`. */
export function parseMap(name: string, text: string): Result<unknown, string> {
  const value = parseYaml(name, text);
  if (!value.ok || isObject(value.value)) return value;
  return fail(`${name}: must be a map of names and values`);
}

/** YAML 1.1, as Sabakan's library reads it: `0644` is octal and `yes` is true. */
function parseYaml(name: string, text: string): Result<unknown, string> {
  try {
    return ok(parse(text, { version: '1.1', logLevel: 'error' }));
  } catch (problem) {
    const isSeveral =
      problem instanceof Error && 'code' in problem && problem.code === 'MULTIPLE_DOCS';
    if (isSeveral) return fail(`${name}: it holds several documents (---); it must be one`);
    return fail(`${name}: ${problem instanceof Error ? problem.message : 'not YAML'}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every octet outside `A-Z a-z 0-9 - _ . ! ~ * ' ( )` as `%XX`, as Ignition’s data URLs are written. */
function percentEncoded(bytes: Uint8Array): string {
  try {
    return encodeURIComponent(strict.decode(bytes));
  } catch {
    return Array.from(bytes, (octet) => {
      const character = String.fromCharCode(octet);
      if (octet < 0x80 && /[A-Za-z0-9\-_.!~*'()]/.test(character)) return character;
      return `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    }).join('');
  }
}
