import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { operations } from '../../../src/sabakan/contract/operations.ts';
import { problemTable } from '../../../src/sabakan/problems.ts';
import { openApiDocument } from '../../../src/sabakan/v2/openapi.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes.
const document = JSON.parse(JSON.stringify(openApiDocument(operations, '1.2.3'))) as any;

async function complaintsAbout(source: unknown): Promise<readonly string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const found = await lintFromString({ source: JSON.stringify(source), config });
  return found.map(
    ({ ruleId, message, location }) => `${ruleId} ${message} ${location[0]?.pointer ?? ''}`,
  );
}

describe('the OpenAPI document', () => {
  it('passes a linter, warnings included', async () => {
    expect(await complaintsAbout(document)).toEqual([]);
  });

  it('would not pass it with a broken example', async () => {
    const broken = structuredClone(document);
    broken.paths['/bulk/machines'].post.requestBody.content['application/json'].example = {};
    expect(await complaintsAbout(broken)).not.toEqual([]);
  });

  it('names each schema of a noun once', () => {
    const list = document.paths['/machines'].get.responses['200'].content['application/json'];
    expect(list.schema.properties.items.items).toEqual({ $ref: '#/components/schemas/Machine' });
    expect(document.components.schemas.Machine.properties.serial.type).toBe('string');
  });

  it('says of each write that it takes an Idempotency-Key, and of changes that they need If-Match', () => {
    for (const { id, method, path, isConditional } of operations) {
      const { parameters } = document.paths[path][method.toLowerCase()];
      const refs = parameters.map(({ $ref }: { $ref?: string }) => $ref?.split('/').at(-1));
      expect(refs.includes('IdempotencyKey'), id).toBe(method !== 'GET');
      expect(refs.includes('IfMatch'), id).toBe(isConditional === true);
    }
  });

  it('names only problems that exist, with their types', () => {
    const kinds = operations.flatMap(({ problems = [] }) => problems);
    expect(kinds.filter((kind) => !Object.hasOwn(problemTable, kind))).toEqual([]);
    const answer = document.paths['/bulk/machines'].post.responses['409'];
    const [, own] = answer.content['application/problem+json'].schema.allOf;
    expect(own.properties.type.enum).toContain('urn:tetsukan:problem:count-differs');
  });

  it('has a body to begin with for each write that takes one', () => {
    const bare = operations.filter(
      ({ body, example }) => body !== undefined && example === undefined,
    );
    expect(bare.map(({ id }) => id)).toEqual([]);
  });
});
