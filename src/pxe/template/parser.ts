/** Tokens → a tree, the second step. Variables and functions are checked here, as Go does. */

import type { Result } from '../../base/result.ts';
import { parsePipe } from './expression.ts';
import { lexTemplate, type Token } from './lexer.ts';
import type { Control, Node, Template, Tree } from './nodes.ts';
import { quote, unquote } from './quote.ts';
import { type Reader, startReader, type TemplateSyntaxError } from './reader.ts';

/**
 * Parses one template text.
 *
 * @param name what errors call it, and what `{{template}}` could call it
 * @param functions the names it may call
 */
export function parseTemplate(
  name: string,
  source: string,
  functions: ReadonlySet<string>,
): Result<Template, TemplateSyntaxError> {
  return startReader(name, lexTemplate(source), functions, (reader) => {
    const trees = new Map<string, Tree>();
    const nodes = parseMain(reader, trees);
    addTree(reader, trees, { name, nodes });
    return { name, source, trees };
  });
}

function parseMain(reader: Reader, trees: Map<string, Tree>): readonly Node[] {
  const nodes: Node[] = [];
  for (;;) {
    const token = reader.peek();
    if (token.kind === 'eof') return nodes;
    if (token.kind === 'left') {
      const back = reader.mark();
      reader.next();
      const word = reader.nextNonSpace();
      if (word.kind === 'keyword' && word.text === 'define') {
        parseDefine(reader, trees);
        continue;
      }
      reader.back(back);
    }
    const node = parseTextOrAction(reader, trees);
    if (isEnd(node)) reader.stop(`unexpected {{${node.end}}}`);
    nodes.push(node);
  }
}

/** What closes a list: `{{end}}` or `{{else}}`. */
type End = { readonly end: 'end' | 'else' };

function isEnd(node: Node | End): node is End {
  return 'end' in node;
}

function parseList(reader: Reader, trees: Map<string, Tree>): { nodes: readonly Node[]; end: End } {
  const nodes: Node[] = [];
  while (reader.peekNonSpace().kind !== 'eof') {
    const node = parseTextOrAction(reader, trees);
    if (isEnd(node)) return { nodes, end: node };
    nodes.push(node);
  }
  return reader.stop('unexpected EOF');
}

function parseTextOrAction(reader: Reader, trees: Map<string, Tree>): Node | End {
  const token = reader.nextNonSpace();
  if (token.kind === 'text') return { kind: 'text', text: token.text, at: token.at };
  if (token.kind !== 'left') return reader.unexpected(token, 'input');
  reader.actionLine = token.line;
  const node = parseAction(reader, trees);
  reader.actionLine = 0;
  return node;
}

function parseAction(reader: Reader, trees: Map<string, Tree>): Node | End {
  const token = reader.nextNonSpace();
  const word = token.kind === 'keyword' ? token.text : '';
  switch (word) {
    case 'if':
    case 'with':
    case 'range':
      return parseControl(reader, trees, word);
    case 'break':
    case 'continue': {
      const next = reader.nextNonSpace();
      if (next.kind !== 'right') reader.unexpected(next, `{{${word}}}`);
      if (reader.rangeDepth === 0) reader.stop(`{{${word}}} outside {{range}}`);
      return { kind: word, at: token.at };
    }
    case 'end':
      reader.expect('right', 'end');
      return { end: 'end' };
    case 'else': {
      const next = reader.peekNonSpace();
      const isChained = next.kind === 'keyword' && (next.text === 'if' || next.text === 'with');
      if (!isChained) reader.expect('right', 'else');
      return { end: 'else' };
    }
    case 'template': {
      const { name, at } = parseName(reader, 'template clause');
      if (reader.peekNonSpace().kind === 'right') {
        reader.next();
        return { kind: 'template', name, pipe: undefined, at };
      }
      return { kind: 'template', name, pipe: parsePipe(reader, 'template clause', 'right'), at };
    }
    case 'block': {
      const { name, at } = parseName(reader, 'block clause');
      const pipe = parsePipe(reader, 'block clause', 'right');
      parseBody(reader, trees, name, 'block clause');
      return { kind: 'template', name, pipe, at };
    }
    default:
      reader.backup();
      return { kind: 'action', pipe: parsePipe(reader, 'command', 'right'), at: token.at };
  }
}

function parseControl(
  reader: Reader,
  trees: Map<string, Tree>,
  kind: 'if' | 'with' | 'range',
): Control {
  return reader.nested(() => {
    const scope = reader.variables.length;
    const pipe = parsePipe(reader, kind, 'right');
    reader.rangeDepth += kind === 'range' ? 1 : 0;
    const body = parseList(reader, trees);
    reader.rangeDepth -= kind === 'range' ? 1 : 0;
    let otherwise: readonly Node[] = [];
    if (body.end.end === 'else') {
      const next = reader.peek();
      if (kind !== 'range' && next.kind === 'keyword' && next.text === kind) {
        // {{else if}} is an if inside the else, sharing its {{end}}.
        reader.next();
        otherwise = [parseControl(reader, trees, kind)];
      } else {
        const rest = parseList(reader, trees);
        if (rest.end.end !== 'end') reader.stop('expected end; found {{else}}');
        otherwise = rest.nodes;
      }
    }
    reader.variables.length = scope;
    return { kind, pipe, body: body.nodes, otherwise, at: pipe.at };
  });
}

function parseDefine(reader: Reader, trees: Map<string, Tree>): void {
  const token = reader.nextNonSpace();
  if (token.kind !== 'string') reader.unexpected(token, 'define clause');
  const name = unquoted(reader, token);
  reader.expect('right', 'define clause');
  parseBody(reader, trees, name, 'define clause');
}

/** A named template: variables of the outside are not seen inside. */
function parseBody(reader: Reader, trees: Map<string, Tree>, name: string, context: string): void {
  const { nodes, end } = reader.apart(() => parseList(reader, trees));
  if (end.end !== 'end') reader.stop(`unexpected {{${end.end}}} in ${context}`);
  addTree(reader, trees, { name, nodes });
}

/** An empty template never replaces one with content, nor may two with content share a name. */
function addTree(reader: Reader, trees: Map<string, Tree>, tree: Tree): void {
  const present = trees.get(tree.name);
  if (present === undefined || isEmpty(present)) trees.set(tree.name, tree);
  else if (!isEmpty(tree)) {
    reader.stop(`template: multiple definition of template ${quote(tree.name)}`);
  }
}

function isEmpty(tree: Tree): boolean {
  return tree.nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}

function parseName(reader: Reader, context: string): { name: string; at: number } {
  const token = reader.nextNonSpace();
  if (token.kind !== 'string') reader.unexpected(token, context);
  return { name: unquoted(reader, token), at: token.at };
}

function unquoted(reader: Reader, token: Token): string {
  const text = unquote(token.text);
  return text === undefined ? reader.stop('invalid syntax') : text;
}
