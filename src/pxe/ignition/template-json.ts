/** The stored and uploaded form of a template (`ignitions/<role>/<id>`), both ways. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { IgnitionTemplate } from './render.ts';
import { type IgnitionVersion, ignitionVersions } from './versions.ts';

export function encodeTemplate(template: IgnitionTemplate): Uint8Array {
  const { version, meta } = template;
  return new TextEncoder().encode(JSON.stringify({ version, template: template.template, meta }));
}

export function decodeTemplate(bytes: Uint8Array): Result<IgnitionTemplate, string> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (problem) {
    return fail(`not JSON: ${problem instanceof Error ? problem.message : 'unreadable'}`);
  }
  return parseTemplateJson(json);
}

/** Unknown members are ignored, as Sabakan's clients expect. */
export function parseTemplateJson(json: unknown): Result<IgnitionTemplate, string> {
  if (!isObject(json)) return fail('must be an object with version, template and meta');
  const { version, template, meta = null } = json as Readonly<Record<string, unknown>>;
  if (!ignitionVersions.some((known) => known === version)) {
    return fail(
      `version must be one of ${ignitionVersions.join(', ')}, not ${JSON.stringify(version)}`,
    );
  }
  if (!isObject(template)) return fail('template must be an object: an Ignition configuration');
  if (meta !== null && !isObject(meta)) return fail('meta must be an object or null');
  return ok({ version: version as IgnitionVersion, template, meta });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
