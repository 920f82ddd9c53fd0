/** Tokens → a tree, the second step. Variables and functions are checked here, as Go does. */

import { fail, ok, type Result } from '../../base/result.ts';
import { lexTemplate, type TemplateSyntaxError, type Token } from './template-lexer.ts';

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe; readonly line: number }
  | (Control & { readonly kind: 'if' | 'with' })
  | (Control & { readonly kind: 'range' })
  | { readonly kind: 'break' | 'continue' }
  | {
      readonly kind: 'template';
      readonly name: string;
      readonly pipe: Pipe | undefined;
      readonly line: number;
    };

/** Taken when the pipe is true (or for each item), otherwise when it is not (or there is none). */
type Control = {
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
  readonly line: number;
};

export type Pipe = {
  readonly variables: readonly string[];
  /** `=` sets a variable that exists, `:=` declares one. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
};

/** A function or value with its arguments, and the text it was written as. */
export type Command = { readonly operands: readonly Operand[]; readonly source: string };

export type Operand =
  | { readonly kind: 'dot' | 'nil' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'number'; readonly value: bigint | number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] };

export type Template = {
  readonly main: readonly Node[];
  readonly named: ReadonlyMap<string, readonly Node[]>;
};

/** Deeper nesting is refused: nobody writes it by hand, and the parser recurses. */
export const nestingMax = 100;

class SyntaxProblem extends Error {
  readonly line: number;
  constructor(line: number, text: string) {
    super(text);
    this.line = line;
  }
}

/** Parses one template text; `functions` are the names it may call. */
export function parseTemplate(
  source: string,
  functions: ReadonlySet<string>,
): Result<Template, TemplateSyntaxError> {
  const tokens = lexTemplate(source);
  if (!tokens.ok) return tokens;
  try {
    return ok(new Parser(tokens.value, functions).parse());
  } catch (problem) {
    if (problem instanceof SyntaxProblem)
      return fail({ line: problem.line, text: problem.message });
    throw problem;
  }
}

type ListEnd = 'end' | 'else' | 'eof';

class Parser {
  readonly #tokens: readonly Token[];
  readonly #functions: ReadonlySet<string>;
  readonly #named = new Map<string, readonly Node[]>();
  #at = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #nesting = 0;

  constructor(tokens: readonly Token[], functions: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  parse(): Template {
    const { nodes, end } = this.#list();
    if (end !== 'eof') this.#stop(`unexpected {{${end}}}`);
    return { main: nodes, named: this.#named };
  }

  #list(): { nodes: readonly Node[]; end: ListEnd } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined) return { nodes, end: 'eof' };
      this.#at += 1;
      if (token.kind === 'text') {
        nodes.push({ kind: 'text', text: token.text });
        continue;
      }
      this.#skipSpace();
      const word = this.#peek()?.kind === 'word' ? (this.#peek()?.text ?? '') : '';
      if (word === 'end' || word === 'else') {
        this.#at += 1;
        return { nodes, end: word };
      }
      const node = this.#action(word, token.line);
      if (node !== undefined) nodes.push(node);
    }
  }

  #action(word: string, line: number): Node | undefined {
    switch (word) {
      case 'if':
      case 'with':
      case 'range':
        this.#at += 1;
        return this.#control(word, line);
      case 'break':
      case 'continue':
        this.#at += 1;
        this.#close(word);
        if (this.#rangeDepth === 0) this.#stop(`{{${word}}} outside {{range}}`);
        return { kind: word };
      case 'define':
        this.#at += 1;
        this.#define();
        return undefined;
      case 'template':
        this.#at += 1;
        return {
          kind: 'template',
          name: this.#name('template'),
          pipe: this.#optionalPipe('template'),
          line,
        };
      case 'block': {
        this.#at += 1;
        const name = this.#name('block');
        const pipe = this.#pipe('block', 'close');
        this.#named.set(name, this.#body('block', ['$']));
        return { kind: 'template', name, pipe, line };
      }
      default:
        return { kind: 'action', pipe: this.#pipe('command', 'close'), line };
    }
  }

  #control(kind: 'if' | 'with' | 'range', line: number): Node {
    this.#nesting += 1;
    if (this.#nesting > nestingMax) this.#stop(`nested deeper than ${nestingMax}`);
    const scope = this.#variables.length;
    const pipe = this.#pipe(kind, 'close');
    this.#rangeDepth += kind === 'range' ? 1 : 0;
    const first = this.#list();
    this.#rangeDepth -= kind === 'range' ? 1 : 0;
    let otherwise: readonly Node[] = [];
    if (first.end === 'else') {
      this.#skipSpace();
      const next = this.#peek();
      if (next?.kind === 'word' && next.text === kind && kind !== 'range') {
        // {{else if}} is an if inside the else, sharing its {{end}}.
        this.#at += 1;
        otherwise = [this.#control(kind, next.line)];
        this.#variables.length = scope;
        this.#nesting -= 1;
        return { kind, pipe, body: first.nodes, otherwise, line } as Node;
      }
      this.#close('else');
      const second = this.#list();
      if (second.end !== 'end')
        this.#stop(second.end === 'eof' ? 'unexpected EOF' : 'expected end; found {{else}}');
      otherwise = second.nodes;
    } else if (first.end === 'eof') {
      this.#stop('unexpected EOF');
    }
    this.#close('end');
    this.#variables.length = scope;
    this.#nesting -= 1;
    return { kind, pipe, body: first.nodes, otherwise, line } as Node;
  }

  #define(): void {
    const name = this.#name('define');
    this.#close('define');
    this.#named.set(name, this.#body('define', ['$']));
  }

  /** The body of a named template: variables of the outside are not seen inside. */
  #body(context: string, variables: string[]): readonly Node[] {
    const outside = this.#variables;
    const depth = this.#rangeDepth;
    this.#variables = variables;
    this.#rangeDepth = 0;
    const { nodes, end } = this.#list();
    if (end !== 'end')
      this.#stop(end === 'eof' ? 'unexpected EOF' : `unexpected {{else}} in ${context} clause`);
    this.#close('end');
    this.#variables = outside;
    this.#rangeDepth = depth;
    return nodes;
  }

  #name(context: string): string {
    this.#skipSpace();
    const token = this.#peek();
    if (token?.kind !== 'string') this.#stop(`unexpected ${shown(token)} in ${context} clause`);
    this.#at += 1;
    return token.text;
  }

  #optionalPipe(context: string): Pipe | undefined {
    this.#skipSpace();
    if (this.#peek()?.kind === 'close') {
      this.#at += 1;
      return undefined;
    }
    return this.#pipe(context, 'close');
  }

  #pipe(context: string, until: 'close' | ')'): Pipe {
    this.#skipSpace();
    const { variables, assigns } = this.#declaration(context);
    const commands: Command[] = [];
    for (;;) {
      this.#skipSpace();
      const token = this.#peek();
      if (isEnd(token, until)) {
        this.#at += 1;
        break;
      }
      commands.push(this.#command(until));
      this.#skipSpace();
      if (this.#peek()?.text === '|' && this.#peek()?.kind === 'symbol') {
        this.#at += 1;
      } else if (!isEnd(this.#peek(), until)) {
        this.#stop(`unexpected ${shown(this.#peek())} in ${context}`);
      }
    }
    if (commands.length === 0) this.#stop(`missing value for ${context}`);
    this.#variables.push(...(assigns ? [] : variables));
    return { variables, assigns, commands };
  }

  #declaration(context: string): { variables: string[]; assigns: boolean } {
    const start = this.#at;
    const variables: string[] = [];
    for (;;) {
      const token = this.#peek();
      if (token?.kind !== 'variable') break;
      this.#at += 1;
      variables.push(token.text);
      this.#skipSpace();
      const next = this.#peek();
      if (
        next?.kind === 'symbol' &&
        next.text === ',' &&
        context === 'range' &&
        variables.length < 2
      ) {
        this.#at += 1;
        this.#skipSpace();
        continue;
      }
      if (next?.kind === 'symbol' && (next.text === ':=' || next.text === '=')) {
        this.#at += 1;
        if (next.text === '=') for (const name of variables) this.#known(name);
        return { variables, assigns: next.text === '=' };
      }
      break;
    }
    this.#at = start;
    return { variables: [], assigns: false };
  }

  #command(until: 'close' | ')'): Command {
    const operands: Operand[] = [];
    const start = this.#at;
    for (;;) {
      this.#skipSpace();
      const token = this.#peek();
      if (token === undefined) this.#stop('unclosed action');
      if (isEnd(token, until) || (token.kind === 'symbol' && token.text === '|')) break;
      operands.push(this.#operand());
      const next = this.#peek();
      if (next === undefined) this.#stop('unclosed action');
      const separated =
        next.kind === 'space' ||
        isEnd(next, until) ||
        (next.kind === 'symbol' && next.text === '|');
      if (!separated) this.#stop(`unexpected ${shown(next)} in operand`);
    }
    if (operands.length === 0) this.#stop('empty command');
    const source = this.#tokens.slice(start, this.#at).map(written).join('').trim();
    return { operands, source };
  }

  #operand(): Operand {
    const token = this.#peek() as Token;
    this.#at += 1;
    switch (token.kind) {
      case 'dot':
        return { kind: 'dot' };
      case 'field':
        return { kind: 'field', path: [token.text.slice(1), ...this.#path()] };
      case 'variable':
        this.#known(token.text);
        return { kind: 'variable', name: token.text, path: this.#path() };
      case 'number':
        return { kind: 'number', value: this.#number(token.text) };
      case 'rune':
        return { kind: 'number', value: BigInt(token.text.codePointAt(0) ?? 0) };
      case 'string':
        return { kind: 'string', value: token.text };
      case 'word':
        return this.#word(token.text);
      default:
        if (token.text !== '(') this.#stop(`unexpected ${shown(token)} in operand`);
        this.#nesting += 1;
        if (this.#nesting > nestingMax) this.#stop(`nested deeper than ${nestingMax}`);
        return this.#parenthesised();
    }
  }

  #parenthesised(): Operand {
    const pipe = this.#pipe('parenthesized pipeline', ')');
    this.#nesting -= 1;
    return { kind: 'pipe', pipe, path: this.#path() };
  }

  #word(name: string): Operand {
    if (name === 'true' || name === 'false') return { kind: 'bool', value: name === 'true' };
    if (name === 'nil') return { kind: 'nil' };
    if (!this.#functions.has(name)) this.#stop(`function "${name}" not defined`);
    return { kind: 'function', name };
  }

  #path(): string[] {
    const path: string[] = [];
    while (this.#peek()?.kind === 'field') {
      path.push((this.#peek()?.text ?? '').slice(1));
      this.#at += 1;
    }
    return path;
  }

  #number(text: string): bigint | number {
    const digits = text.replaceAll('_', '');
    const isHex = /^[+-]?0[xXbBoO]/.test(digits);
    if (!isHex && /[.eE]/.test(digits)) {
      const value = Number(digits);
      if (Number.isNaN(value)) this.#stop(`bad number syntax: "${text}"`);
      return value;
    }
    const octal = digits.replace(/^([+-]?)0(?=\d)/, '$10o');
    const unsigned = octal.replace(/^[+-]/, '');
    if (!/^(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|\d+)$/.test(unsigned)) {
      this.#stop(`bad number syntax: "${text}"`);
    }
    return octal.startsWith('-') ? -BigInt(unsigned) : BigInt(unsigned);
  }

  #known(name: string): void {
    if (!this.#variables.includes(name)) this.#stop(`undefined variable "${name}"`);
  }

  #close(context: string): void {
    this.#skipSpace();
    const token = this.#peek();
    if (token?.kind !== 'close') this.#stop(`unexpected ${shown(token)} in ${context}`);
    this.#at += 1;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #skipSpace(): void {
    while (this.#peek()?.kind === 'space') this.#at += 1;
  }

  #stop(text: string): never {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
    throw new SyntaxProblem(token?.line ?? 1, text);
  }
}

function isEnd(token: Token | undefined, until: 'close' | ')'): boolean {
  if (token === undefined) return false;
  return until === 'close' ? token.kind === 'close' : token.kind === 'symbol' && token.text === ')';
}

function shown(token: Token | undefined): string {
  return token === undefined ? 'EOF' : token.kind === 'close' ? '"}}"' : JSON.stringify(token.text);
}

function written(token: Token): string {
  return token.kind === 'string' ? JSON.stringify(token.text) : token.text;
}
