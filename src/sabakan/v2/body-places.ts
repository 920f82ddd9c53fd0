/** What a schema finds wrong in a body, as places with sentences. */

import type { TSchema } from 'typebox';
import type { Validator } from 'typebox/compile';
import type { Place } from '../problems.ts';

type Finding = ReturnType<Validator['Errors']>[number];

/** Each unknown member is a place of its own; that its parent has any is said by them. */
export function bodyPlaces(
  findings: readonly Finding[],
  schema: TSchema | undefined,
): readonly Place[] {
  return findings.flatMap((finding): readonly Place[] => {
    const { instancePath: pointer, message } = finding;
    if (finding.keyword === 'additionalProperties') return [];
    if (finding.keyword === 'boolean') {
      const known = membersAt(schema, finding.schemaPath).join(', ');
      return [{ pointer, detail: `is unknown here; known are ${known}` }];
    }
    if (finding.keyword !== 'enum') return [{ pointer, detail: message }];
    return [{ pointer, detail: `must be one of ${finding.params.allowedValues.join(', ')}` }];
  });
}

/** Members of the object whose `additionalProperties` this path names: `#/properties/spec/additionalProperties`. */
function membersAt(schema: unknown, schemaPath: string): readonly string[] {
  const steps = schemaPath.split('/').slice(1, -1);
  const owner = steps.reduce(memberOf, schema);
  return Object.keys(memberOf(owner, 'properties') ?? {});
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
