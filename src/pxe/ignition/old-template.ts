/**
 * Schema version 2 → 3 (Sabakan 2.0): a template was two records, the Ignition configuration and its meta data, and the
 * `source` of a file was the content itself. Now it is one record with the version of the specification, and `source`
 * is a URL.
 */

import { isJsonObject, type JsonObject, objectAt, parseExactJson } from '../../base/exact-json.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { Entry } from '../../base/store.ts';
import type {
  Conversion,
  Finding,
  RecordChange,
  Records,
  RecordWrite,
} from '../../inventory/takeover.ts';
import { encodeDataUrl } from './data-url.ts';
import { decodeTemplate } from './template-json.ts';

const templatesPrefix = 'ignitions/templates/';
const metaPrefix = 'ignitions/meta/';
/** What etcd takes in one request by default, with room for the rest of it. */
const recordBytesMax = 1_400_000;

/** Done twice it changes nothing: a template and its meta data go in the commit in which the new record comes. */
export function convertTemplates(records: Records): Conversion {
  const changes: RecordChange[] = [];
  const findings: Finding[] = [];
  const problem = (key: string, what: string, remedy: string): void => {
    const does = 'does not upgrade; nothing is changed';
    findings.push({ key, weight: 'problem', what, does, remedy });
  };
  for (const entry of records.under(templatesPrefix)) {
    const name = oldName(entry.key, templatesPrefix);
    if (name === undefined) continue;
    const key = `ignitions/${name}`;
    const meta = records.get(metaPrefix + name);
    const value = converted(entry, meta);
    const present = records.get(key);
    if (!value.ok) {
      const [broken, what] = value.error;
      problem(broken, what, 'delete the template and its meta data, and upload it anew afterwards');
    } else if (value.value.length > recordBytesMax) {
      const what = `would be ${value.value.length} bytes as a data URL; etcd takes ${recordBytesMax}`;
      problem(entry.key, what, 'make its files smaller: let machines fetch large ones as assets');
    } else if (present !== undefined && !sameBytes(present.value, value.value)) {
      problem(entry.key, `${key} exists with other content`, 'delete the one that is not wanted');
    } else {
      changes.push({
        key: entry.key,
        what: `becomes ${key}, version 2.2`,
        writes: [
          { kind: 'put', key, value: value.value },
          { kind: 'delete', key: entry.key },
          ...(meta === undefined ? [] : [{ kind: 'delete', key: meta.key } as const]),
        ],
      });
    }
  }
  for (const { key } of records.under(metaPrefix)) {
    const name = oldName(key, metaPrefix);
    if (name === undefined || records.get(templatesPrefix + name) !== undefined) continue;
    const writes: readonly RecordWrite[] = [{ kind: 'delete', key }];
    changes.push({ key, what: 'goes: meta data without a template', writes });
  }
  return { changes, findings };
}

/** `<role>/<id>`; undefined for a key of version 3, whose role may be called `templates` or `meta`. */
function oldName(key: string, prefix: string): string | undefined {
  const name = key.slice(prefix.length);
  return /^[^/]+\/[^/]+$/.test(name) ? name : undefined;
}

function converted(
  entry: Entry,
  meta: Entry | undefined,
): Result<Uint8Array, readonly [key: string, what: string]> {
  const config = parseExactJson(entry.value);
  if (!isJsonObject(config)) return fail([entry.key, 'is not a JSON object']);
  const metaJson = meta === undefined ? null : parseExactJson(meta.value);
  if (meta !== undefined && metaJson !== null && !isJsonObject(metaJson)) {
    return fail([meta.key, 'is neither a JSON object nor null']);
  }
  const template = withDataUrls(config);
  if (!template.ok) return fail([entry.key, template.error]);
  const text = JSON.stringify({ version: '2.2', template: template.value, meta: metaJson });
  const value = new TextEncoder().encode(text);
  const decoded = decodeTemplate(value);
  return decoded.ok ? ok(value) : fail([entry.key, decoded.error]);
}

/** The configuration with the content of each file as a data URL, an empty one where it has none. */
function withDataUrls(config: JsonObject): Result<unknown, string> {
  const storage = objectAt(config, 'storage');
  const misspelt = otherSpelling(config, 'storage') ?? otherSpelling(storage, 'files');
  if (misspelt !== undefined) return fail(misspelt);
  const files = storage['files'] ?? [];
  if (!Array.isArray(files)) return fail('storage.files is not a list');
  if (files.length === 0) return ok(config);
  const urls: unknown[] = [];
  for (const [at, file] of (files as readonly unknown[]).entries()) {
    if (!isJsonObject(file)) return fail(`storage.files[${at}] is not an object`);
    const contents = objectAt(file, 'contents');
    const odd = otherSpelling(file, 'contents') ?? otherSpelling(contents, 'source');
    if (odd !== undefined) return fail(`storage.files[${at}]: ${odd}`);
    const source = contents['source'] ?? '';
    if (typeof source !== 'string') return fail(`storage.files[${at}].contents.source is no text`);
    const url = encodeDataUrl(new TextEncoder().encode(source));
    urls.push({ ...file, contents: { ...contents, source: url } });
  }
  return ok({ ...config, storage: { ...storage, files: urls } });
}

/** Go reads a member in any case, so a content could hide under another spelling and stay what it is. */
function otherSpelling(json: JsonObject, name: string): string | undefined {
  const other = Object.keys(json).find((key) => key !== name && key.toLowerCase() === name);
  return other === undefined ? undefined : `the member ${other} must be spelt ${name}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}
