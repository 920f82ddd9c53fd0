/** What stands between `{{` and `}}`: pipes of commands, and their operands. */

import type { Token } from './lexer.ts';
import { type Command, describeNode, type Operand, type Pipe } from './nodes.ts';
import { parseCharacter, parseComplex, parseNumber } from './number.ts';
import { quote, unquote } from './quote.ts';
import type { Reader } from './reader.ts';

const operandKinds: ReadonlySet<string> = new Set([
  'bool',
  'character',
  'complex',
  'field',
  'identifier',
  'number',
  'string',
  'variable',
  '(',
]);

function startsOperand(token: Token): boolean {
  if (token.kind === 'keyword') return token.text === '.' || token.text === 'nil';
  return operandKinds.has(token.kind);
}

export function parsePipe(reader: Reader, context: string, end: 'right' | ')'): Pipe {
  const { at } = reader.peekNonSpace();
  const variables: string[] = [];
  const assigns = parseDeclarations(reader, context, variables);
  const commands: Command[] = [];
  for (;;) {
    const token = reader.nextNonSpace();
    if (token.kind === end) break;
    if (!startsOperand(token)) reader.unexpected(token, context);
    reader.backup();
    commands.push(parseCommand(reader));
  }
  if (commands.length === 0) reader.stop(`missing value for ${context}`);
  commands.slice(1).forEach((command, stage) => {
    const kind = command.operands[0]?.kind ?? 'nil';
    if (['bool', 'dot', 'nil', 'number', 'string'].includes(kind))
      reader.stop(`non executable command in pipeline stage ${stage + 2}`);
  });
  return { kind: 'pipe', variables, assigns, commands, at };
}

/** `$x :=`, `$x =`, and for range `$i, $x :=`; whether it assigns. */
function parseDeclarations(reader: Reader, context: string, variables: string[]): boolean {
  for (;;) {
    if (reader.peekNonSpace().kind !== 'variable') return false;
    const back = reader.mark();
    const { text } = reader.next();
    const sign = reader.peekNonSpace();
    if (sign.kind === 'assign' || sign.kind === 'declare') {
      reader.next();
      variables.push(text);
      reader.declare(text);
      return sign.kind === 'assign';
    }
    if (sign.kind !== 'other' || sign.text !== ',') {
      reader.back(back);
      return false;
    }
    reader.next();
    variables.push(text);
    reader.declare(text);
    if (context !== 'range' || variables.length > 1) {
      reader.stop(`too many declarations in ${context}`);
    }
    if (!['variable', 'right', ')'].includes(reader.peekNonSpace().kind)) {
      reader.stop('range can only initialize variables');
    }
  }
}

function parseCommand(reader: Reader): Command {
  const { at } = reader.peekNonSpace();
  const operands: Operand[] = [];
  for (;;) {
    reader.peekNonSpace();
    const operand = parseOperand(reader);
    if (operand !== undefined) operands.push(operand);
    const token = reader.next();
    if (token.kind === 'space') continue;
    if (token.kind === 'right' || token.kind === ')') reader.backup();
    else if (token.kind !== 'pipe') reader.unexpected(token, 'operand');
    break;
  }
  if (operands.length === 0) reader.stop('empty command');
  return { kind: 'command', operands, at };
}

/** Undefined when what follows is no operand. */
function parseOperand(reader: Reader): Operand | undefined {
  const term = parseTerm(reader);
  if (term === undefined || reader.peek().kind !== 'field') return term;
  const { at } = reader.peek();
  const path: string[] = [];
  while (reader.peek().kind === 'field') path.push(reader.next().text.slice(1));
  switch (term.kind) {
    case 'field':
    case 'variable':
      return { kind: term.kind, path: [...term.path, ...path], at };
    case 'bool':
    case 'dot':
    case 'nil':
    case 'number':
    case 'string':
      return reader.stop(`unexpected . after term ${quote(describeNode(term))}`);
    default:
      return { kind: 'chain', of: term, path, at };
  }
}

function parseTerm(reader: Reader): Operand | undefined {
  const token = reader.nextNonSpace();
  const { kind, text, at } = token;
  switch (kind) {
    case 'identifier':
      if (!reader.functions.has(text)) reader.stop(`function ${quote(text)} not defined`);
      return { kind, name: text, at };
    case 'variable':
      if (!reader.variables.includes(text)) reader.stop(`undefined variable ${quote(text)}`);
      return { kind, path: [text], at };
    case 'field':
      return { kind, path: [text.slice(1)], at };
    case 'bool':
      return { kind, value: text === 'true', at };
    case 'string': {
      const value = unquote(text);
      if (value === undefined) reader.stop('invalid syntax');
      return { kind, text, value, at };
    }
    case 'character':
    case 'complex':
    case 'number':
      return parseConstant(reader, token);
    case '(':
      return reader.nested(() => parsePipe(reader, 'parenthesized pipeline', ')'));
    case 'keyword':
      if (text === '.') return { kind: 'dot', at };
      if (text === 'nil') return { kind: 'nil', at };
      break;
    default:
  }
  reader.backup();
  return undefined;
}

function parseConstant(reader: Reader, { kind, text, at }: Token): Operand {
  const parse = { character: parseCharacter, complex: parseComplex }[
    kind as 'character' | 'complex'
  ];
  const value = (parse ?? parseNumber)(text);
  return value.ok ? { kind: 'number', text, value: value.value, at } : reader.stop(value.error);
}
