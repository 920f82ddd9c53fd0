/**
 * Template text → tokens, the first of three steps (lexer, parser, run).
 *
 * The language is Go's `text/template`: text with actions between `{{` and `}}`, trim markers `{{- ` and ` -}}`,
 * comments, and inside actions a small expression language.
 */

import { isPrint } from './quote.ts';

export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'string'
  | 'variable'
  | 'field'
  | 'character'
  | 'number'
  | 'complex'
  | 'identifier'
  | 'bool'
  /** `if`, `range` …, and `.` and `nil`. */
  | 'keyword'
  | '('
  | ')'
  | 'other'
  /** The text says what is wrong; nothing follows it. */
  | 'error'
  | 'eof';

export type Token = {
  readonly kind: TokenKind;
  /** As written; for `text` after trimming. */
  readonly text: string;
  /** Where it begins in the source. */
  readonly at: number;
  /** 1-based. */
  readonly line: number;
};

const keywords: ReadonlySet<string> = new Set([
  '.',
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
]);

/** Of one text; real ones have some thousands at most. */
export const tokensMax = 200_000;

/** Cuts a template into tokens; the last one is `eof` or `error`. */
export function lexTemplate(source: string): readonly Token[] {
  const lexer = new Lexer(source);
  lexer.run();
  return lexer.tokens;
}

class Lexer {
  readonly tokens: Token[] = [];
  readonly #source: string;
  #at = 0;
  #line = 1;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): void {
    while (this.#text() && this.#action());
  }

  /** Up to the next `{{`, comments passed over; false at the end. */
  #text(): boolean {
    const source = this.#source;
    for (;;) {
      const open = source.indexOf('{{', this.#at);
      if (open === -1) {
        if (this.#at < source.length) this.#take('text', source.length);
        this.#emit('eof', 'EOF');
        return false;
      }
      const trims = /^-[ \t\r\n]/.test(source.slice(open + 2, open + 4));
      if (open > this.#at) {
        const raw = source.slice(this.#at, open);
        const text = trims ? withoutTail(raw) : raw;
        if (text !== '') this.#emit('text', text);
        this.#skipTo(open);
      }
      const inner = open + (trims ? 4 : 2);
      if (!source.startsWith('/*', inner)) {
        this.#emit('left', '{{');
        this.#skipTo(inner);
        this.#depth = 0;
        return true;
      }
      this.#skipTo(inner);
      if (!this.#comment()) return false;
    }
  }

  #comment(): boolean {
    const close = this.#source.indexOf('*/', this.#at + 2);
    if (close === -1) return this.#fail('unclosed comment');
    const end = /(?:[ \t\r\n]-\}\}[ \t\r\n]*|\}\})/y;
    end.lastIndex = close + 2;
    const after = end.exec(this.#source);
    if (after === null) return this.#fail('comment ends before closing delimiter');
    this.#skipTo(close + 2 + after[0].length);
    return true;
  }

  /** Inside of `{{ }}`; false when it is malformed. */
  #action(): boolean {
    for (;;) {
      if (this.tokens.length > tokensMax) {
        return this.#fail(`more than ${tokensMax} tokens (tokensMax)`);
      }
      const end = /(?:([ \t\r\n])-)?\}\}/y;
      end.lastIndex = this.#at;
      const close = end.exec(this.#source);
      if (close !== null) {
        if (this.#depth > 0) return this.#fail('unclosed left paren');
        const trims = close[1] !== undefined;
        if (trims) this.#skipTo(this.#at + 2);
        this.#take('right', this.#at + 2);
        if (trims) this.#skipTo(this.#at + this.#match(/[ \t\r\n]*/y).length);
        return true;
      }
      if (!this.#token()) return false;
    }
  }

  #token(): boolean {
    const character = this.#peek();
    const next = this.#source[this.#at + 1] ?? '';
    if (character === '') return this.#fail('unclosed action');
    if (/[ \t\r\n]/.test(character)) return this.#space();
    if (character === ':') {
      return next === '=' ? this.#take('declare', this.#at + 2) : this.#fail('expected :=');
    }
    if (character === '"')
      return this.#quoted('string', /"(?:[^"\\\n]|\\[^\n])*"/y, 'quoted string');
    if (character === '`') return this.#quoted('string', /`[^`]*`/y, 'raw quoted string');
    if (character === "'")
      return this.#quoted('character', /'(?:[^'\\\n]|\\[^\n])*'/y, 'character constant');
    if (character === '$') return this.#name('variable');
    if (character === '.' && next !== '' && !/[0-9]/.test(next)) return this.#name('field');
    if (/[.+\-0-9]/.test(character)) return this.#number();
    if (isAlphanumeric(character)) return this.#identifier();
    if (character === '(') this.#depth += 1;
    if (character === ')') this.#depth -= 1;
    if (this.#depth < 0) return this.#fail('unexpected right paren');
    const kind = { '=': 'assign', '|': 'pipe', '(': '(', ')': ')' }[character];
    if (kind !== undefined) return this.#take(kind as TokenKind, this.#at + 1);
    if (character >= ' ' && character < '\x7f') return this.#take('other', this.#at + 1);
    return this.#fail(`unrecognized character in action: ${codePointName(character)}`);
  }

  #space(): boolean {
    const run = this.#match(/[ \t\r\n]+/y);
    // The last one may belong to a trim marker.
    const isMarker = this.#source.startsWith('-}}', this.#at + run.length);
    return this.#take('space', this.#at + run.length - (isMarker ? 1 : 0));
  }

  #quoted(kind: TokenKind, pattern: RegExp, what: string): boolean {
    const text = this.#match(pattern);
    return text === ''
      ? this.#fail(`unterminated ${what}`)
      : this.#take(kind, this.#at + text.length);
  }

  #name(kind: 'variable' | 'field'): boolean {
    const text = this.#match(/[.$][\p{L}\p{Nd}_]*/uy);
    const end = this.#at + text.length;
    if (!this.#isTerminator(end)) return this.#fail(`bad character ${this.#nameOf(end)}`);
    return this.#take(text === '.' ? 'keyword' : kind, end);
  }

  #identifier(): boolean {
    const word = this.#match(/[\p{L}\p{Nd}_]+/uy);
    const end = this.#at + word.length;
    if (!this.#isTerminator(end)) return this.#fail(`bad character ${this.#nameOf(end)}`);
    const isBool = word === 'true' || word === 'false';
    return this.#take(keywords.has(word) ? 'keyword' : isBool ? 'bool' : 'identifier', end);
  }

  #number(): boolean {
    const first = this.#scanNumber(this.#at);
    if (!first.ok) return this.#badNumber(first.end);
    if (!/[+-]/.test(this.#source[first.end] ?? '')) return this.#take('number', first.end);
    const second = this.#scanNumber(first.end);
    const isImaginary = second.ok && this.#source[second.end - 1] === 'i';
    return isImaginary ? this.#take('complex', second.end) : this.#badNumber(second.end);
  }

  #scanNumber(from: number): { ok: boolean; end: number } {
    const pattern =
      /[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*\.?[0-7_]*|0[bB][01_]*\.?[01_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?/y;
    pattern.lastIndex = from;
    const end = from + (pattern.exec(this.#source)?.[0].length ?? 0);
    const after = characterAt(this.#source, end);
    if (!isAlphanumeric(after)) return { ok: true, end };
    return { ok: false, end: end + after.length };
  }

  #badNumber(end: number): boolean {
    return this.#fail(`bad number syntax: ${JSON.stringify(this.#source.slice(this.#at, end))}`);
  }

  #isTerminator(at: number): boolean {
    return (
      at >= this.#source.length || /^(?:[ \t\r\n.,|:()]|\}\})/.test(this.#source.slice(at, at + 2))
    );
  }

  #nameOf(at: number): string {
    return codePointName(characterAt(this.#source, at));
  }

  #peek(): string {
    return characterAt(this.#source, this.#at);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#source)?.[0] ?? '';
  }

  #take(kind: TokenKind, end: number): true {
    this.#emit(kind, this.#source.slice(this.#at, end));
    this.#skipTo(end);
    return true;
  }

  #fail(text: string): false {
    this.#emit('error', text);
    return false;
  }

  #emit(kind: TokenKind, text: string): void {
    this.tokens.push({ kind, text, at: this.#at, line: this.#line });
  }

  #skipTo(end: number): void {
    for (let at = this.#at; at < end; at += 1) if (this.#source[at] === '\n') this.#line += 1;
    this.#at = end;
  }
}

/** A regular expression would look at every run of spaces again and again. */
function withoutTail(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n';
}

function characterAt(source: string, at: number): string {
  return at < source.length ? String.fromCodePoint(source.codePointAt(at) ?? 0) : '';
}

function isAlphanumeric(character: string): boolean {
  return /^[\p{L}\p{Nd}_]$/u.test(character);
}

/** `U+00E9 'é'` */
function codePointName(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return isPrint(character) ? `U+${code} '${character}'` : `U+${code}`;
}
