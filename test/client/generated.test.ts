import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tableSource, typesSource } from '../../scripts/client-source.ts';
import { table } from '../../src/client/generated/table.ts';
import { operations } from '../../src/sabakan/contract/operations.ts';

const generated = (name: string) => readFileSync(`src/client/generated/${name}.ts`, 'utf8');

describe('the typed client', () => {
  it('is what the contract makes of it: else run `npm run client`', () => {
    expect(generated('table') === tableSource(operations), 'run: npm run client').toBe(true);
    expect(generated('types') === typesSource(operations), 'run: npm run client').toBe(true);
  });

  it('has a method for each operation', () => {
    expect(Object.keys(table)).toEqual(operations.map(({ id }) => id));
  });
});
