/** A parsed template and a value → text, the third step. What it costs is charged to a budget. */

import { fail, ok, type Result } from '../../base/result.ts';
import { type Budget, BudgetProblem, callDepthMax } from './budget.ts';
import type { Callable } from './callable.ts';
import { evaluatePipe, type Scope, setVariable } from './evaluate.ts';
import { ExecutionProblem, stop } from './execution-problem.ts';
import { isInteger, stringType } from './go-type.ts';
import {
  entriesOf,
  followed,
  isTrue,
  listOf,
  type MaybeValue,
  ofInt,
  sortedKeys,
  type Value,
} from './go-value.ts';
import { type Control, describeNode, type Node, type Template, type Tree } from './nodes.ts';
import { formatValue, printed } from './printf.ts';
import { quote } from './quote.ts';

export type ExecutionError = {
  readonly line: number;
  /** What failed, as Go prints it. */
  readonly expression: string;
  /** Go's whole message: `template: name:3:8: executing "name" at <.Foo>: …`. */
  readonly text: string;
};

type Flow = 'on' | 'break' | 'continue';

/** Runs `template` with `.` = `data`. Errors carry the line and the expression that failed. */
export function runTemplate(
  template: Template,
  data: Value,
  functions: ReadonlyMap<string, Callable>,
  budget: Budget,
): Result<string, ExecutionError> {
  const output: string[] = [];
  const write = (text: string): void => {
    budget.characters(text.length);
    output.push(text);
  };
  const main = template.trees.get(template.name);
  const run: Run = { template, functions, budget, write, tree: template.name, depth: 0 };
  const scope: Scope = { ...run, variables: [{ name: '$', value: data }], node: undefined };
  try {
    runNodes(run, scope, main?.nodes ?? [], data);
    return ok(output.join(''));
  } catch (problem) {
    if (problem instanceof ExecutionProblem) return fail(located(template, problem));
    if (problem instanceof BudgetProblem) {
      return fail({
        line: 1,
        expression: '',
        text: `template: ${template.name}: ${problem.message}`,
      });
    }
    throw problem;
  }
}

type Run = {
  readonly template: Template;
  readonly functions: ReadonlyMap<string, Callable>;
  readonly budget: Budget;
  readonly write: (text: string) => void;
  /** The name of the template being run: the main one or one defined in it. */
  readonly tree: string;
  readonly depth: number;
};

function located(template: Template, { node, tree, message }: ExecutionProblem): ExecutionError {
  const before = template.source.slice(0, node.at);
  const lines = before.split('\n');
  const column = new TextEncoder().encode(lines.at(-1)).length;
  const expression = describeNode(node);
  const where = `${template.name}:${lines.length}:${column}`;
  const text = `template: ${where}: executing ${quote(tree)} at <${expression}>: ${message}`;
  return { line: lines.length, expression, text: text.toWellFormed() };
}

function runNodes(run: Run, scope: Scope, nodes: readonly Node[], dot: MaybeValue): Flow {
  for (const node of nodes) {
    const flow = runNode(run, scope, node, dot);
    if (flow !== 'on') return flow;
  }
  return 'on';
}

function runNode(run: Run, scope: Scope, node: Node, dot: MaybeValue): Flow {
  run.budget.steps(1);
  scope.node = node;
  switch (node.kind) {
    case 'text':
      run.write(node.text);
      return 'on';
    case 'action': {
      const value = evaluatePipe(scope, node.pipe, dot);
      if (node.pipe.variables.length > 0) return 'on';
      scope.node = node;
      run.write(printed(value, run.budget));
      return 'on';
    }
    case 'if':
    case 'with': {
      const mark = scope.variables.length;
      const value = evaluatePipe(scope, node.pipe, dot);
      const truth = isTrue(value);
      const inner = node.kind === 'with' && truth ? value : dot;
      const flow = runNodes(run, scope, truth ? node.body : node.otherwise, inner);
      scope.variables.length = mark;
      return flow;
    }
    case 'range': {
      const mark = scope.variables.length;
      const flow = runRange(run, scope, node, dot);
      scope.variables.length = mark;
      return flow;
    }
    case 'break':
    case 'continue':
      return node.kind;
    case 'template':
      runCall(run, scope, node, dot);
      return 'on';
  }
}

function runRange(run: Run, scope: Scope, node: Control, dot: MaybeValue): Flow {
  const { variables: declared, assigns } = node.pipe;
  const outer = scope.variables.length;
  const { value } = followed(evaluatePipe(scope, node.pipe, dot));
  const mark = scope.variables.length;
  let isEmpty = true;
  for (const [key, item] of items(scope, value, declared.length)) {
    isEmpty = false;
    run.budget.steps(1);
    const values = declared.length > 1 ? [key, item] : [item];
    declared.forEach((name, at) => {
      const frame = scope.variables[outer + at];
      if (assigns) setVariable(scope, name, values[at]);
      else if (frame !== undefined) frame.value = values[at];
    });
    const flow = runNodes(run, scope, node.body, item);
    scope.variables.length = mark;
    if (flow === 'break') return 'on';
  }
  return isEmpty ? runNodes(run, scope, node.otherwise, dot) : 'on';
}

function* items(
  scope: Scope,
  value: MaybeValue,
  variables: number,
): Generator<readonly [key: MaybeValue, item: MaybeValue]> {
  if (value === undefined) return;
  const { kind } = value.type;
  if (isInteger(kind)) {
    if (variables > 1) {
      stop(scope, `can't use ${formatValue(value)} to iterate over more than one variable`);
    }
    const end = value.data as bigint;
    for (let at = 0n; at < end; at += 1n) yield [undefined, { type: value.type, data: at }];
  } else if (kind === 'slice') {
    let at = 0;
    for (const item of listOf(value)) {
      yield [ofInt(at), item];
      at += 1;
    }
  } else if (kind === 'map') {
    // They are sorted before the first one is looked at.
    scope.budget.steps(entriesOf(value).size);
    for (const key of sortedKeys(value))
      yield [{ type: stringType, data: key }, entriesOf(value).get(key)];
  } else {
    stop(scope, `range can't iterate over ${formatValue(value)}`);
  }
}

function runCall(
  run: Run,
  scope: Scope,
  node: Extract<Node, { kind: 'template' }>,
  dot: MaybeValue,
): void {
  const tree: Tree | undefined = run.template.trees.get(node.name);
  if (tree === undefined) stop(scope, `template ${quote(node.name)} not defined`);
  if (run.depth === callDepthMax) {
    stop(scope, `exceeded maximum template depth (${callDepthMax})`);
  }
  const inner = node.pipe === undefined ? undefined : evaluatePipe(scope, node.pipe, dot);
  const deeper: Run = { ...run, tree: node.name, depth: run.depth + 1 };
  runNodes(
    deeper,
    { ...scope, tree: node.name, variables: [{ name: '$', value: inner }], node },
    tree.nodes,
    inner,
  );
}
