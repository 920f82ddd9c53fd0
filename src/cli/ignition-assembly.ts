/**
 * A template's source, YAML beside the files it names, → the template that is uploaded. As `sabactl ignitions set -f`
 * of Sabakan 3.1.9 assembles it, and for Ignition 3.x what is the same there.
 */

import { fail, ok, type Result } from '../base/result.ts';
import {
  isObject,
  parseSource,
  parseYaml,
  type RemoteFile,
  type SystemdUnit,
} from './ignition-source.ts';

export type SourceFile = {
  readonly bytes: Uint8Array;
  /** Permission bits. */
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
