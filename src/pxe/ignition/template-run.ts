/** A parsed template and a value → text, the third step. Bounded in steps, depth and output. */

import { fail, ok, type Result } from '../../base/result.ts';
import { timeMethod } from './go-time.ts';
import {
  type GoValue,
  isList,
  isMap,
  isStruct,
  isTime,
  isTrue,
  printed,
  typeName,
} from './go-value.ts';
import { CallProblem, lazyFunctions, type TemplateFunction } from './template-functions.ts';
import type { Command, Node, Operand, Pipe, Template } from './template-parser.ts';

/** Nodes executed and operands evaluated for one text: far above any real template, far below a second. */
export const stepsMax = 1_000_000;
/** `{{template}}` calling itself. */
export const callDepthMax = 100;
/** Characters of one rendered text; the whole document is bounded again by its renderer. */
export const outputCharactersMax = 8 * 1024 * 1024;

export type TemplateRunError = {
  readonly line: number;
  readonly expression: string;
  readonly text: string;
};

class RunProblem extends Error {
  readonly at: TemplateRunError;
  constructor(at: TemplateRunError) {
    super(at.text);
    this.at = at;
  }
}

type Frame = { readonly name: string; value: GoValue };
type Flow = 'on' | 'break' | 'continue';

/** Runs `template` with `.` = `data`. Errors carry the line and the expression that failed. */
export function runTemplate(
  template: Template,
  data: GoValue,
  functions: ReadonlyMap<string, TemplateFunction>,
): Result<string, TemplateRunError> {
  try {
    const run = new Run(template, functions);
    run.list(template.main, data, [{ name: '$', value: data }]);
    return ok(run.output.join(''));
  } catch (problem) {
    if (problem instanceof RunProblem) return fail(problem.at);
    throw problem;
  }
}

class Run {
  readonly output: string[] = [];
  readonly #template: Template;
  readonly #functions: ReadonlyMap<string, TemplateFunction>;
  #characters = 0;
  #steps = 0;
  #depth = 0;
  #line = 1;

  constructor(template: Template, functions: ReadonlyMap<string, TemplateFunction>) {
    this.#template = template;
    this.#functions = functions;
  }

  list(nodes: readonly Node[], dot: GoValue, frames: Frame[]): Flow {
    for (const node of nodes) {
      const flow = this.#node(node, dot, frames);
      if (flow !== 'on') return flow;
    }
    return 'on';
  }

  #node(node: Node, dot: GoValue, frames: Frame[]): Flow {
    this.#step('');
    switch (node.kind) {
      case 'text':
        this.#write(node.text);
        return 'on';
      case 'action': {
        this.#line = node.line;
        const value = this.#pipe(node.pipe, dot, frames);
        if (node.pipe.variables.length === 0) this.#write(printed(value));
        return 'on';
      }
      case 'if':
      case 'with': {
        this.#line = node.line;
        const mark = frames.length;
        const value = this.#pipe(node.pipe, dot, frames);
        const inner = node.kind === 'with' && isTrue(value) ? value : dot;
        const flow = this.list(isTrue(value) ? node.body : node.otherwise, inner, frames);
        frames.length = mark;
        return flow;
      }
      case 'range':
        this.#line = node.line;
        return this.#range(node, dot, frames);
      case 'break':
      case 'continue':
        return node.kind;
      case 'template':
        this.#line = node.line;
        this.#call(node, dot, frames);
        return 'on';
    }
  }

  #range(node: Extract<Node, { kind: 'range' }>, dot: GoValue, frames: Frame[]): Flow {
    const mark = frames.length;
    const value = this.#pipe({ ...node.pipe, variables: [] }, dot, frames);
    const items = this.#items(value, node.pipe);
    const declared = node.pipe.variables;
    for (const [key, item] of items) {
      this.#step('range');
      const values = declared.length === 1 ? [item] : [key, item];
      declared.forEach((name, at) => {
        if (node.pipe.assigns) this.#assign(name, values[at], frames);
        else frames.push({ name, value: values[at] });
      });
      const flow = this.list(node.body, item, frames);
      frames.length = mark;
      if (flow === 'break') return 'on';
    }
    const flow = items.length === 0 ? this.list(node.otherwise, dot, frames) : 'on';
    frames.length = mark;
    return flow;
  }

  #items(value: GoValue, pipe: Pipe): readonly (readonly [key: GoValue, item: GoValue])[] {
    if (value === undefined) return [];
    if (isList(value)) return value.map((item, at) => [BigInt(at), item] as const);
    if (isMap(value)) {
      return [...value.entries]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, item]) => [key, item] as const);
    }
    if (typeof value === 'bigint') {
      if (value > BigInt(stepsMax))
        this.#stop(sourceOf(pipe), `range over ${value} is more than ${stepsMax} steps`);
      return Array.from(
        { length: Math.max(Number(value), 0) },
        (_, at) => [BigInt(at), BigInt(at)] as const,
      );
    }
    return this.#stop(sourceOf(pipe), `range can't iterate over ${printed(value)}`);
  }

  #call(node: Extract<Node, { kind: 'template' }>, dot: GoValue, frames: Frame[]): void {
    const nodes = this.#template.named.get(node.name);
    if (nodes === undefined)
      this.#stop(
        `template ${JSON.stringify(node.name)}`,
        `template ${JSON.stringify(node.name)} not defined`,
      );
    const value = node.pipe === undefined ? undefined : this.#pipe(node.pipe, dot, frames);
    this.#depth += 1;
    if (this.#depth > callDepthMax)
      this.#stop(
        `template ${JSON.stringify(node.name)}`,
        `templates call one another deeper than ${callDepthMax}`,
      );
    this.list(nodes, value, [{ name: '$', value }]);
    this.#depth -= 1;
  }

  #pipe(pipe: Pipe, dot: GoValue, frames: Frame[]): GoValue {
    let value: GoValue;
    pipe.commands.forEach((command, at) => {
      value = this.#command(command, dot, frames, at === 0 ? undefined : { value });
    });
    for (const name of pipe.variables) {
      if (pipe.assigns) this.#assign(name, value, frames);
      else frames.push({ name, value });
    }
    return value;
  }

  #assign(name: string, value: GoValue, frames: readonly Frame[]): void {
    const frame = frames.findLast((candidate) => candidate.name === name);
    if (frame === undefined) this.#stop(name, `undefined variable: ${name}`);
    frame.value = value;
  }

  /** `piped` is the value of the command before, given as the last argument. */
  #command(
    command: Command,
    dot: GoValue,
    frames: Frame[],
    piped: { value: GoValue } | undefined,
  ): GoValue {
    const [first, ...rest] = command.operands;
    if (first === undefined) return undefined;
    if (first.kind === 'function')
      return this.#function(first.name, command, rest, dot, frames, piped);
    if (first.kind === 'nil') this.#stop(command.source, 'nil is not a command');
    const method = this.#method(first, command, rest, dot, frames, piped);
    if (method !== undefined) return method.value;
    if (rest.length > 0 || piped !== undefined) {
      const text =
        rest.length > 0
          ? `can't give argument to non-function ${command.source}`
          : 'non executable command in pipeline';
      this.#stop(command.source, text);
    }
    return this.#operand(first, command, dot, frames);
  }

  /** A field path that ends in a method of a time takes arguments; every other path does not. */
  #method(
    first: Operand,
    command: Command,
    rest: readonly Operand[],
    dot: GoValue,
    frames: Frame[],
    piped: { value: GoValue } | undefined,
  ): { readonly value: GoValue } | undefined {
    if (first.kind !== 'field' && first.kind !== 'variable' && first.kind !== 'pipe')
      return undefined;
    const name = first.path.at(-1);
    if (name === undefined || (rest.length === 0 && piped === undefined)) return undefined;
    const receiver = this.#operand(
      { ...first, path: first.path.slice(0, -1) },
      command,
      dot,
      frames,
    );
    if (!isTime(receiver)) return undefined;
    const args = rest.map((operand) => this.#operand(operand, command, dot, frames));
    return timeMethod(receiver, name, piped === undefined ? args : [...args, piped.value]);
  }

  #function(
    name: string,
    command: Command,
    rest: readonly Operand[],
    dot: GoValue,
    frames: Frame[],
    piped: { value: GoValue } | undefined,
  ): GoValue {
    if (lazyFunctions.has(name)) {
      const thunks = rest.map((operand) => () => this.#operand(operand, command, dot, frames));
      if (piped !== undefined) thunks.push(() => piped.value);
      if (thunks.length === 0)
        this.#stop(command.source, `wrong number of args for ${name}: want at least 1 got 0`);
      let value: GoValue;
      for (const thunk of thunks) {
        value = thunk();
        if (isTrue(value) === (name === 'or')) return value;
      }
      return value;
    }
    const args = rest.map((operand) => this.#operand(operand, command, dot, frames));
    if (piped !== undefined) args.push(piped.value);
    this.#step(command.source);
    try {
      return this.#functions.get(name)?.(args);
    } catch (problem) {
      if (!(problem instanceof CallProblem)) throw problem;
      return this.#stop(command.source, `error calling ${name}: ${problem.message}`);
    }
  }

  #operand(operand: Operand, command: Command, dot: GoValue, frames: Frame[]): GoValue {
    this.#step(command.source);
    switch (operand.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return undefined;
      case 'bool':
      case 'number':
      case 'string':
        return operand.value;
      case 'field':
        return this.#path(dot, operand.path, command);
      case 'variable': {
        const frame = frames.findLast((candidate) => candidate.name === operand.name);
        return this.#path(frame?.value, operand.path, command);
      }
      case 'pipe': {
        const mark = frames.length;
        const value = this.#pipe(operand.pipe, dot, frames);
        frames.length = mark;
        return this.#path(value, operand.path, command);
      }
      case 'function':
        return this.#function(
          operand.name,
          { ...command, source: operand.name },
          [],
          dot,
          frames,
          undefined,
        );
    }
  }

  #path(start: GoValue, path: readonly string[], command: Command): GoValue {
    return path.reduce((value: GoValue, name) => this.#field(value, name, command), start);
  }

  #field(value: GoValue, name: string, command: Command): GoValue {
    if (isMap(value)) return value.entries.get(name);
    if (isStruct(value) && value.fields.has(name)) return value.fields.get(name);
    if (value === undefined) return undefined;
    const method = isTime(value) ? timeMethod(value, name, []) : undefined;
    if (method !== undefined) return method.value;
    const type = isTime(value) || isStruct(value) ? typeName(value) : `type ${typeName(value)}`;
    return this.#stop(
      command.source,
      `can't evaluate field ${name} in ${isStruct(value) || isTime(value) ? `type ${type}` : type}`,
    );
  }

  #write(text: string): void {
    this.#characters += text.length;
    if (this.#characters > outputCharactersMax)
      this.#stop('', `the rendered text is longer than ${outputCharactersMax} characters`);
    this.output.push(text);
  }

  #step(expression: string): void {
    this.#steps += 1;
    if (this.#steps > stepsMax)
      this.#stop(expression, `the template takes more than ${stepsMax} steps`);
  }

  #stop(expression: string, text: string): never {
    throw new RunProblem({ line: this.#line, expression, text });
  }
}

function sourceOf(pipe: Pipe): string {
  return pipe.commands.map((command) => command.source).join(' | ');
}
