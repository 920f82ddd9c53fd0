/**
 * Kubernetes' selector grammar, for labels and for columns:
 * `state=healthy,rack in (1,2),role!=boot,product,!broken`. All requirements must hold.
 */

import { fail, ok, type Result } from '../../base/result.ts';

export type Requirement = {
  readonly key: string;
  readonly operator: 'in' | 'not-in' | 'exists' | 'absent';
  /** Empty for `exists` and `absent`. */
  readonly values: readonly string[];
};

export type SelectorMistake = {
  /** Characters before the mistake. */
  readonly at: number;
  readonly text: string;
};

export const selectorCharactersMax = 4096;
const requirementsMax = 64;
const example = 'as in: state=healthy,rack in (1,2),role!=boot,product,!broken';

/** The empty text has no requirements: everything is selected. */
export function parseSelector(text: string): Result<readonly Requirement[], SelectorMistake> {
  if (text.length > selectorCharactersMax) {
    const why = `has ${text.length} characters, at most ${selectorCharactersMax} are read`;
    return fail({ at: selectorCharactersMax, text: why });
  }
  const reader = createReader(text);
  const requirements: Requirement[] = [];
  reader.skipSpace();
  if (reader.isAtEnd()) return ok([]);
  for (;;) {
    if (requirements.length === requirementsMax) {
      return fail({ at: reader.at(), text: `more than ${requirementsMax} requirements` });
    }
    const one = requirement(reader);
    if (!one.ok) return one;
    requirements.push(one.value);
    if (reader.isAtEnd()) return ok(requirements);
    if (!reader.take(',')) return expected(reader, 'a comma or the end');
  }
}

/** @param read undefined: the object has no such label; `!=` and `notin` hold then, as in Kubernetes. */
export function selects(
  requirements: readonly Requirement[],
  read: (key: string) => string | undefined,
): boolean {
  return requirements.every((requirement) => holds(requirement, read(requirement.key)));
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'not-in':
      return value === undefined || !values.includes(value);
  }
}

type Reader = ReturnType<typeof createReader>;

function requirement(reader: Reader): Result<Requirement, SelectorMistake> {
  const isAbsent = reader.take('!');
  const key = reader.word();
  if (key === '') return expected(reader, 'a name');
  if (isAbsent) return ok({ key, operator: 'absent', values: [] });
  for (const sign of ['!=', '==', '=']) {
    if (!reader.take(sign)) continue;
    // An empty value is a value: `maintenance=`.
    return ok({ key, operator: sign === '!=' ? 'not-in' : 'in', values: [reader.word()] });
  }
  if (reader.isAtEnd() || reader.sees(',')) return ok({ key, operator: 'exists', values: [] });
  const operator = reader.operator();
  if (operator === undefined) {
    return expected(reader, `=, !=, in (…) or notin (…) after "${key}"`);
  }
  if (!reader.take('(')) return expected(reader, `( after "${key} ${operator}"`);
  const values: string[] = [];
  do values.push(reader.word());
  while (reader.take(','));
  if (!reader.take(')')) return expected(reader, ') or a comma');
  return ok({ key, operator: operator === 'in' ? 'in' : 'not-in', values });
}

function expected(reader: Reader, what: string): Result<never, SelectorMistake> {
  const found = reader.isAtEnd() ? 'the end' : JSON.stringify(reader.rest().slice(0, 20));
  return fail({ at: reader.at(), text: `expected ${what}, found ${found}; ${example}` });
}

function createReader(text: string) {
  let at = 0;
  const skipSpace = (): void => {
    while (text[at] === ' ') at += 1;
  };
  const sees = (sign: string): boolean => text.startsWith(sign, at);
  return {
    at: () => at,
    rest: () => text.slice(at),
    isAtEnd: () => at >= text.length,
    sees,
    skipSpace,
    take: (sign: string): boolean => {
      if (!sees(sign)) return false;
      at += sign.length;
      skipSpace();
      return true;
    },
    operator: (): 'in' | 'notin' | undefined => {
      const [, found] = /^(in|notin)(?![A-Za-z0-9_.:/+-])/.exec(text.slice(at)) ?? [];
      if (found !== 'in' && found !== 'notin') return undefined;
      at += found.length;
      skipSpace();
      return found;
    },
    /** May be empty. Label names and values, addresses, times, ids. */
    word: (): string => {
      const [word = ''] = /^[A-Za-z0-9_.:/+-]*/.exec(text.slice(at)) ?? [];
      at += word.length;
      skipSpace();
      return word;
    },
  };
}
