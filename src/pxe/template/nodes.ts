/** A parsed template as a tree, and the text each part of it was written as, which error messages quote. */

import type { Value } from './go-value.ts';
import { quote } from './quote.ts';

type At = {
  /** Where it stands in the source; Go's positions, which for `a.b.c` are those of the second name. */
  readonly at: number;
};

export type Node =
  | (At & { readonly kind: 'text'; readonly text: string })
  | (At & { readonly kind: 'action'; readonly pipe: Pipe })
  | Control
  | (At & { readonly kind: 'break' | 'continue' })
  | (At & { readonly kind: 'template'; readonly name: string; readonly pipe: Pipe | undefined });

export type Control = At & {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  /** When the pipe is not true, or there is nothing to range over. */
  readonly otherwise: readonly Node[];
};

export type Pipe = At & {
  readonly kind: 'pipe';
  readonly variables: readonly string[];
  /** `=` sets a variable that exists, `:=` declares one. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
};

/** A function or value with its arguments. */
export type Command = At & { readonly kind: 'command'; readonly operands: readonly Operand[] };

export type Operand =
  | Pipe
  | (At & { readonly kind: 'dot' | 'nil' })
  | (At & { readonly kind: 'bool'; readonly value: boolean })
  | (At & { readonly kind: 'number'; readonly text: string; readonly value: Value | undefined })
  | (At & { readonly kind: 'string'; readonly text: string; readonly value: string })
  | (At & { readonly kind: 'identifier'; readonly name: string })
  | (At & { readonly kind: 'field'; readonly path: readonly string[] })
  /** The first of the path is the variable with its `$`. */
  | (At & { readonly kind: 'variable'; readonly path: readonly string[] })
  | (At & { readonly kind: 'chain'; readonly of: Operand; readonly path: readonly string[] });

/** One template: the main one, or a `define` or `block` inside it. */
export type Tree = { readonly name: string; readonly nodes: readonly Node[] };

export type Template = {
  readonly name: string;
  readonly source: string;
  readonly trees: ReadonlyMap<string, Tree>;
};

export type Locatable = Node | Operand | Command;

/** As Go prints the node: the text between `<` and `>` in its errors. */
export function describeNode(node: Locatable): string {
  switch (node.kind) {
    case 'text':
      return quote(node.text);
    case 'action':
      return `{{${describeNode(node.pipe)}}}`;
    case 'if':
    case 'with':
    case 'range':
      return `{{${node.kind} ${describeNode(node.pipe)}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe === undefined ? '' : ` ${describeNode(node.pipe)}`}}}`;
    case 'pipe': {
      const declared = node.variables.join(', ');
      const sign = node.assigns ? ' = ' : ' := ';
      const commands = node.commands.map(describeNode).join(' | ');
      return declared === '' ? commands : `${declared}${sign}${commands}`;
    }
    case 'command':
      return node.operands.map(describeOperand).join(' ');
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'number':
    case 'string':
      return node.text;
    case 'identifier':
      return node.name;
    case 'field':
      return `.${node.path.join('.')}`;
    case 'variable':
      return node.path.join('.');
    case 'chain':
      return `${describeOperand(node.of)}.${node.path.join('.')}`;
  }
}

function describeOperand(operand: Operand): string {
  const text = describeNode(operand);
  return operand.kind === 'pipe' ? `(${text})` : text;
}
