/**
 * Template text → tokens, the first of three steps (lexer, parser, run).
 *
 * The language is Go's `text/template`: text with actions between `{{` and `}}`, trim markers `{{-` and `-}}`,
 * comments, and inside actions a small expression language.
 */

import { fail, ok, type Result } from '../../base/result.ts';

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'field'
  | 'variable'
  | 'word'
  | 'string'
  | 'rune'
  | 'number'
  | 'dot'
  | 'space'
  | 'symbol';

export type Token = {
  readonly kind: TokenKind;
  /** As written; for `text` after trimming, for `string` and `rune` already unquoted. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
};

export type TemplateSyntaxError = { readonly line: number; readonly text: string };

const spaces = ' \t\r\n';

const patterns: readonly (readonly [kind: TokenKind, pattern: RegExp])[] = [
  ['space', /[ \t\r\n]+/y],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  [
    'number',
    /[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?)/y,
  ],
  ['word', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['string', /"(?:[^"\\\n]|\\[^\n])*"/y],
  ['string', /`[^`]*`/y],
  ['rune', /'(?:[^'\\\n]|\\[^\n]+?)'/uy],
  ['symbol', /:=|[=|(),]/y],
  ['dot', /\./y],
];

/** Cuts a template into tokens; the error names the line. */
export function lexTemplate(source: string): Result<readonly Token[], TemplateSyntaxError> {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let trimNext = false;
  while (at < source.length) {
    const open = source.indexOf('{{', at);
    const end = open === -1 ? source.length : open;
    const trimThis = open !== -1 && source[open + 2] === '-' && isSpace(source[open + 3]);
    const raw = source.slice(at, end);
    const left = trimNext ? raw.replace(/^[ \t\r\n]+/, '') : raw;
    const text = trimThis ? left.replace(/[ \t\r\n]+$/, '') : left;
    if (text !== '')
      tokens.push({
        kind: 'text',
        text,
        line: line + newlines(raw.slice(0, raw.length - left.length)),
      });
    line += newlines(raw);
    trimNext = false;
    if (open === -1) break;
    at = open + 2 + (trimThis ? 2 : 0);
    if (trimThis) line += newlines(source.slice(open + 3, open + 4));

    if (source.startsWith('/*', at)) {
      const close = source.indexOf('*/', at);
      const after = /^( -)?\}\}|^[ \t\r\n]-\}\}/.exec(close === -1 ? '' : source.slice(close + 2));
      if (close === -1) return fail({ line, text: 'unclosed comment' });
      if (after === null) return fail({ line, text: 'comment ends before closing delimiter' });
      line += newlines(source.slice(at, close + 2 + after[0].length));
      at = close + 2 + after[0].length;
      trimNext = after[0].length > 2;
      continue;
    }

    tokens.push({ kind: 'open', text: '{{', line });
    for (;;) {
      if (at >= source.length) return fail({ line, text: 'unclosed action' });
      const trim = isSpace(source[at]) && source.startsWith('-}}', at + 1);
      if (trim || source.startsWith('}}', at)) {
        tokens.push({ kind: 'close', text: '}}', line });
        if (trim && source[at] === '\n') line += 1;
        at += trim ? 4 : 2;
        trimNext = trim;
        break;
      }
      const token = nextToken(source, at);
      if (token === undefined) return fail({ line, text: explain(source, at) });
      const value =
        token.kind === 'string' || token.kind === 'rune' ? unquote(token.text) : token.text;
      if (value === undefined) return fail({ line, text: `malformed constant: ${token.text}` });
      tokens.push({ kind: token.kind, text: value, line });
      line += newlines(token.text);
      at += token.text.length;
    }
  }
  return ok(tokens);
}

function nextToken(source: string, at: number): { kind: TokenKind; text: string } | undefined {
  for (const [kind, pattern] of patterns) {
    // A space before `-}}` belongs to the trim marker, so a run of spaces stops short of it.
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match === null) continue;
    const text = match[0];
    if (kind === 'space' && source.startsWith('-}}', at + text.length) && text.length > 1) {
      return { kind, text: text.slice(0, -1) };
    }
    return { kind, text };
  }
  return undefined;
}

function explain(source: string, at: number): string {
  const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
  if (character === '"') return 'unterminated quoted string';
  if (character === '`') return 'unterminated raw quoted string';
  if (character === "'") return 'unterminated character constant';
  const code = (source.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `unrecognized character in action: U+${code} '${character}'`;
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** Go's quoted string or rune constant → its text; undefined when an escape is not Go's. */
function unquote(quoted: string): string | undefined {
  if (quoted.startsWith('`')) return quoted.slice(1, -1).replaceAll('\r', '');
  let bad = false;
  const text = quoted
    .slice(1, -1)
    .replace(
      /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|[\s\S])/g,
      (_, code: string) => {
        if (/^[xuU]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
        if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
        const plain = escapes[code];
        if (plain === undefined) bad = true;
        return plain ?? '';
      },
    );
  return bad ? undefined : text;
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && spaces.includes(character);
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}
