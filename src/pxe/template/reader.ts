/** The parser's view of the tokens: one at a time, some steps back, and errors with Go's texts and lines. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Token, TokenKind } from './lexer.ts';
import { quote } from './quote.ts';

/** `text` is Go's whole message: `template: name:3: unexpected "}" in operand`. */
export type TemplateSyntaxError = { readonly line: number; readonly text: string };

/** Deeper nesting is refused: nobody writes it by hand, and the parser recurses (Go stops at 10,000 parentheses). */
export const nestingMax = 100;

/** They are looked up by walking through them. */
export const variablesMax = 1000;

class SyntaxProblem extends Error {
  readonly line: number;
  constructor(line: number, text: string) {
    super(text);
    this.line = line;
  }
}

export function startReader<T>(
  name: string,
  tokens: readonly Token[],
  functions: ReadonlySet<string>,
  parse: (reader: Reader) => T,
): Result<T, TemplateSyntaxError> {
  try {
    return ok(parse(new Reader(name, tokens, functions)));
  } catch (problem) {
    if (!(problem instanceof SyntaxProblem)) throw problem;
    return fail({ line: problem.line, text: problem.message });
  }
}

export class Reader {
  readonly functions: ReadonlySet<string>;
  /** In scope here. */
  variables: string[] = ['$'];
  rangeDepth = 0;
  /** Where the action being read began; 0 between actions. */
  actionLine = 0;
  readonly #name: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #furthest = 0;
  #nesting = 0;

  constructor(name: string, tokens: readonly Token[], functions: ReadonlySet<string>) {
    this.#name = name;
    this.#tokens = tokens;
    this.functions = functions;
  }

  peek(): Token {
    const at = Math.min(this.#at, this.#tokens.length - 1);
    this.#furthest = Math.max(this.#furthest, at);
    return this.#tokens[at] as Token;
  }

  next(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  peekNonSpace(): Token {
    while (this.peek().kind === 'space') this.#at += 1;
    return this.peek();
  }

  nextNonSpace(): Token {
    this.peekNonSpace();
    return this.next();
  }

  backup(): void {
    this.#at -= 1;
  }

  mark(): number {
    return this.#at;
  }

  back(mark: number): void {
    this.#at = mark;
  }

  expect(kind: TokenKind, context: string): void {
    const token = this.nextNonSpace();
    if (token.kind !== kind) this.unexpected(token, context);
  }

  /** One level deeper; too deep is an error. */
  nested<T>(parse: () => T): T {
    this.#nesting += 1;
    if (this.#nesting > nestingMax) this.stop(`max expression depth exceeded (${nestingMax})`);
    const parsed = parse();
    this.#nesting -= 1;
    return parsed;
  }

  /** In a scope of its own, as the body of a named template is. */
  apart<T>(parse: () => T): T {
    const { variables, rangeDepth, actionLine } = this;
    this.variables = ['$'];
    this.rangeDepth = 0;
    this.actionLine = 0;
    const parsed = this.nested(parse);
    this.variables = variables;
    this.rangeDepth = rangeDepth;
    this.actionLine = actionLine;
    return parsed;
  }

  declare(name: string): void {
    this.variables.push(name);
    if (this.variables.length > variablesMax) {
      this.stop(`more than ${variablesMax} variables in one scope`);
    }
  }

  unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') return this.stop(`unexpected ${shown(token)} in ${context}`);
    const isElsewhere = this.actionLine !== 0 && this.actionLine !== token.line;
    const action = token.text.endsWith(' action') ? '' : ' in action';
    const begun = `${action} started at ${this.#name}:${this.actionLine}`;
    return this.stop(token.text + (isElsewhere ? begun : ''));
  }

  stop(text: string): never {
    const line = this.#tokens[this.#furthest]?.line ?? 1;
    throw new SyntaxProblem(line, `template: ${this.#name}:${line}: ${text}`);
  }
}

/** Go quotes at most this much of a token. */
const shownMax = 10;

function shown({ kind, text }: Token): string {
  if (kind === 'eof') return 'EOF';
  if (kind === 'keyword') return `<${text}>`;
  const characters = [...text];
  return characters.length > shownMax
    ? `${quote(characters.slice(0, shownMax).join(''))}...`
    : quote(text);
}
