/** What a template's source says: one YAML file, its members checked. As `sabactl ignitions set -f` of Sabakan 3.1.9 reads it. */

import { parse } from 'yaml';
import { fail, ok, type Result } from '../base/result.ts';

const defaultVersion = '2.2';

export type RemoteFile = {
  readonly name: string;
  readonly url: string;
  readonly mode: number | undefined;
};
export type SystemdUnit = {
  readonly name: string;
  readonly enabled: boolean;
  readonly mask: boolean;
};

export type IgnitionSource = {
  readonly version: string;
  readonly include: string;
  readonly passwd: string;
  readonly files: readonly string[];
  readonly remoteFiles: readonly RemoteFile[];
  readonly systemd: readonly SystemdUnit[];
  readonly networkd: readonly string[];
};

const members = ['version', 'include', 'passwd', 'files', 'remote_files', 'systemd', 'networkd'];

/** The error says all that is wrong with it, after its name. */
export function parseSource(name: string, text: string): Result<IgnitionSource, string> {
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
  const parsed: IgnitionSource = {
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
export function parseYaml(name: string, text: string): Result<unknown, string> {
  try {
    return ok(parse(text, { version: '1.1', logLevel: 'error' }));
  } catch (problem) {
    const isSeveral =
      problem instanceof Error && 'code' in problem && problem.code === 'MULTIPLE_DOCS';
    if (isSeveral) return fail(`${name}: it holds several documents (---); it must be one`);
    return fail(`${name}: ${problem instanceof Error ? problem.message : 'not YAML'}`);
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
