/** The YAML of `sabactl ignitions set` and the template it makes of it (Sabakan 3.1.9, 7.1). */

import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';

export type IgnitionSource = { readonly version: string; readonly template: object };

type Unit = { readonly name: string; readonly contents?: string; readonly enabled?: true };
type Parts = {
  passwd: object | undefined;
  files: object[];
  systemd: Unit[];
  networkd: object[];
};

export async function buildIgnition(file: string): Promise<IgnitionSource> {
  const { version, parts } = await partsOf(file);
  return {
    version,
    template: {
      ignition: { version: `${version}.0` },
      ...(parts.passwd === undefined ? {} : { passwd: parts.passwd }),
      ...(parts.files.length === 0 ? {} : { storage: { files: parts.files } }),
      ...(parts.networkd.length === 0 ? {} : { networkd: { units: parts.networkd } }),
      ...(parts.systemd.length === 0 ? {} : { systemd: { units: parts.systemd } }),
    },
  };
}

async function partsOf(file: string): Promise<{ version: string; parts: Parts }> {
  const source = parse(await readFile(file, 'utf8'), { version: '1.1', schema: 'failsafe' }) ?? {};
  const folder = dirname(await realpath(file));
  const version = source.version ?? '2.2';
  const empty: Parts = { passwd: undefined, files: [], systemd: [], networkd: [] };
  const included =
    source.include === undefined ? undefined : await partsOf(join(folder, source.include));
  if (included !== undefined && included.version !== version) {
    throw new Error('the versions differ');
  }
  const parts = included?.parts ?? empty;
  if (source.passwd !== undefined) {
    parts.passwd = parse(await readFile(join(folder, source.passwd), 'utf8'));
  }
  for (const path of source.files ?? []) {
    const local = join(folder, 'files', path);
    const text = await readFile(local, 'utf8');
    parts.files.push({
      ...{ filesystem: 'root', path, mode: (await stat(local)).mode & 0o777 },
      contents: { source: `data:,${encodeURIComponent(text)}` },
    });
  }
  for (const { name, url, mode } of source.remote_files ?? []) {
    const bits = mode === undefined ? {} : { mode: Number(mode) };
    parts.files.push({ filesystem: 'root', path: name, contents: { source: url }, ...bits });
  }
  for (const name of source.networkd ?? []) {
    parts.networkd.push({ name, contents: await readFile(join(folder, 'networkd', name), 'utf8') });
  }
  for (const { name, enabled, mask } of source.systemd ?? []) {
    const masked = mask === 'true';
    parts.systemd.push({
      name,
      ...(enabled === 'true' ? { enabled: true } : {}),
      ...(masked
        ? { mask: true }
        : { contents: await readFile(join(folder, 'systemd', name), 'utf8') }),
    });
  }
  return { version, parts };
}
