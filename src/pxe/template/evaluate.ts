/** Pipes, commands and operands → values. */

import type { Budget } from './budget.ts';
import { type Callable, CallProblem, type Parameter } from './callable.ts';
import { stop } from './execution-problem.ts';
import type { GoType } from './go-type.ts';
import { anyType, isSigned, isUnsigned } from './go-type.ts';
import {
  entriesOf,
  followed,
  insideInterface,
  isTrue,
  type MaybeValue,
  ofBool,
  ofString,
  type Value,
  zeroOf,
} from './go-value.ts';
import { methodOf } from './methods.ts';
import { type Command, describeNode, type Locatable, type Operand, type Pipe } from './nodes.ts';

export type Scope = {
  readonly functions: ReadonlyMap<string, Callable>;
  readonly budget: Budget;
  /** The template being run, for errors. */
  readonly tree: string;
  /** Innermost last. */
  readonly variables: { readonly name: string; value: MaybeValue }[];
  /** What was looked at last, for errors. */
  node: Locatable | undefined;
};

/** The value of the command before, given as the last argument; none for the first command. */
type Piped = { readonly value: MaybeValue } | undefined;

/** Declares and sets the pipe's variables, too. */
export function evaluatePipe(scope: Scope, pipe: Pipe, dot: MaybeValue): MaybeValue {
  scope.node = pipe;
  let piped: Piped;
  for (const command of pipe.commands) {
    piped = { value: insideInterface(evaluateCommand(scope, command, dot, piped)) };
  }
  const value = piped?.value;
  for (const name of pipe.variables) {
    if (pipe.assigns) setVariable(scope, name, value);
    else scope.variables.push({ name, value });
  }
  return value;
}

export function setVariable(scope: Scope, name: string, value: MaybeValue): void {
  const frame = scope.variables.findLast((candidate) => candidate.name === name);
  if (frame === undefined) stop(scope, `undefined variable: ${name}`);
  frame.value = value;
}

function evaluateCommand(
  scope: Scope,
  command: Command,
  dot: MaybeValue,
  piped: Piped,
): MaybeValue {
  scope.budget.steps(1);
  const [first, ...args] = command.operands as readonly [Operand, ...Operand[]];
  const given: Given = { dot, args, piped };
  switch (first.kind) {
    case 'field':
    case 'chain':
      return evaluateField(scope, first, given);
    case 'variable':
      if (first.path.length > 1) return evaluateField(scope, first, given);
      break;
    case 'identifier':
      scope.node = first;
      return callFunction(scope, first.name, command, given);
    case 'nil':
      scope.node = first;
      refuseArguments(scope, first, given);
      return stop(scope, 'nil is not a command');
  }
  if (first.kind !== 'pipe') scope.node = first;
  refuseArguments(scope, first, given);
  return plainValue(scope, first, dot);
}

type Given = { readonly dot: MaybeValue; readonly args: readonly Operand[]; readonly piped: Piped };

function refuseArguments(scope: Scope, first: Operand, { args, piped }: Given): void {
  if (args.length === 0 && piped === undefined) return;
  stop(scope, `can't give argument to non-function ${describeNode(first)}`);
}

function plainValue(scope: Scope, operand: Operand, dot: MaybeValue): MaybeValue {
  scope.budget.steps(1);
  if (operand.kind !== 'pipe') scope.node = operand;
  switch (operand.kind) {
    case 'dot':
      return dot;
    case 'bool':
      return ofBool(operand.value);
    case 'string':
      return ofString(operand.value);
    case 'number':
      return operand.value ?? stop(scope, `${operand.text} overflows int`);
    case 'nil':
      return undefined;
    case 'pipe':
      return evaluatePipe(scope, operand, dot);
    case 'identifier':
      return callFunction(scope, operand.name, operand, { dot, args: [], piped: undefined });
    case 'variable':
      if (operand.path.length === 1) return variable(scope, operand.path[0] ?? '');
      return evaluateField(scope, operand, { dot, args: [], piped: undefined });
    default:
      return evaluateField(scope, operand, { dot, args: [], piped: undefined });
  }
}

function variable(scope: Scope, name: string): MaybeValue {
  const frame = scope.variables.findLast((candidate) => candidate.name === name);
  return frame === undefined ? stop(scope, `undefined variable: ${name}`) : frame.value;
}

/** `.a.b`, `$x.a` and `(…).a`: arguments are for the last of the path, which has to be a method then. */
function evaluateField(
  scope: Scope,
  operand: Extract<Operand, { kind: 'field' | 'variable' | 'chain' }>,
  given: Given,
): MaybeValue {
  scope.node = operand;
  let at = given.dot;
  let { path } = operand;
  if (operand.kind === 'variable') {
    at = variable(scope, path[0] ?? '');
    path = path.slice(1);
  }
  if (operand.kind === 'chain') {
    if (operand.of.kind === 'nil') {
      stop(scope, `indirection through explicit nil in ${describeNode(operand)}`);
    }
    at = plainValue(scope, operand.of, given.dot);
  }
  const without: Given = { dot: given.dot, args: [], piped: undefined };
  path.forEach((name, step) => {
    at = oneField(scope, operand, at, name, step === path.length - 1 ? given : without);
  });
  return at;
}

function oneField(
  scope: Scope,
  node: Operand,
  given: MaybeValue,
  name: string,
  args: Given,
): MaybeValue {
  scope.budget.steps(1);
  if (given === undefined) return undefined;
  const { value, isNil } = followed(given);
  const typeName = given.type.name;
  if (value === undefined || (isNil && value.type.kind === 'interface')) {
    return stop(scope, `nil pointer evaluating ${typeName}.${name}`);
  }
  const method = methodOf(value, name);
  if (method !== undefined) return callWith(scope, method, name, node, args);
  const hasArguments = args.args.length > 0 || args.piped !== undefined;
  if (value.type.kind === 'struct') {
    const at = value.type.fields?.findIndex((field) => field.name === name) ?? -1;
    if (at >= 0) {
      if (hasArguments) stop(scope, `${name} has arguments but cannot be invoked as function`);
      return (value.data as readonly Value[])[at];
    }
  }
  if (value.type.kind === 'map') {
    if (hasArguments) stop(scope, `${name} is not a method but has arguments`);
    return entriesOf(value).get(name);
  }
  return stop(scope, `can't evaluate field ${name} in type ${typeName}`);
}

function callFunction(scope: Scope, name: string, node: Locatable, given: Given): MaybeValue {
  const callable = scope.functions.get(name);
  if (callable === undefined) stop(scope, `${JSON.stringify(name)} is not a defined function`);
  return callWith(scope, callable, name, node, given);
}

function callWith(
  scope: Scope,
  callable: Callable,
  name: string,
  node: Locatable,
  { dot, args, piped }: Given,
): MaybeValue {
  const { takes, variadic } = callable;
  const count = args.length + (piped === undefined ? 0 : 1);
  const fixed = variadic === true ? takes.length - 1 : takes.length;
  if (variadic === true && count < fixed) {
    stop(scope, `wrong number of args for ${name}: want at least ${fixed} got ${args.length}`);
  }
  if (variadic !== true && count !== fixed) {
    stop(scope, `wrong number of args for ${name}: want ${fixed} got ${count}`);
  }
  if (callable.unusable !== undefined) stop(scope, callable.unusable);
  const parameter = (at: number): Parameter => takes[Math.min(at, takes.length - 1)] ?? 'value';
  if (callable.lazy !== undefined) {
    let value: MaybeValue;
    for (const arg of args) {
      value = argument(scope, arg, 'value', dot);
      if (isTrue(value) === (callable.lazy === 'or')) return value;
    }
    return piped === undefined ? value : piped.value;
  }
  const values = args.map((arg, at) => argument(scope, arg, parameter(at), dot));
  if (piped !== undefined) values.push(fitting(scope, piped.value, parameter(args.length)));
  const passed = values.map((value, at) =>
    parameter(at) === anyType ? insideInterface(value) : value,
  );
  for (const value of passed) scope.budget.reading(sizeOf(value));
  if (callable.wantsName === true) passed.unshift(nameOfFirst(args[0], piped));
  try {
    return callable.call(passed, scope.budget);
  } catch (problem) {
    if (!(problem instanceof CallProblem)) throw problem;
    scope.node = node;
    return stop(scope, `error calling ${name}: ${problem.message}`);
  }
}

/** What a function may have to look through; lists of lists are charged when they are printed. */
function sizeOf(value: MaybeValue): number {
  const data = insideInterface(value)?.data;
  return typeof data === 'string' || Array.isArray(data) ? data.length : 0;
}

function nameOfFirst(operand: Operand | undefined, piped: Piped): Value {
  if (operand !== undefined) return ofString(describeNode(operand));
  const { type, data } = piped?.value ?? ofString('<invalid Value>');
  return ofString(type.kind === 'string' ? (data as string) : `<${type.name} Value>`);
}

function argument(scope: Scope, operand: Operand, type: Parameter, dot: MaybeValue): MaybeValue {
  scope.node = operand;
  switch (operand.kind) {
    case 'nil':
      if (type === 'value') return undefined;
      if (canBeNil(type)) return zeroOf(type);
      return stop(scope, `cannot assign nil to ${type.name}`);
    case 'bool':
    case 'number':
    case 'string':
      return type === 'value' || type === anyType
        ? plainValue(scope, operand, dot)
        : constant(scope, operand, type);
    default:
      return fitting(scope, plainValue(scope, operand, dot), type);
  }
}

/** A literal takes the type that is wanted, if it can. */
function constant(scope: Scope, operand: Operand, type: GoType): Value {
  const found = `found ${describeNode(operand)}`;
  if (type.kind === 'string') {
    return operand.kind === 'string'
      ? ofString(operand.value)
      : stop(scope, `expected string; ${found}`);
  }
  if (isSigned(type.kind) || isUnsigned(type.kind)) {
    const data = operand.kind === 'number' ? operand.value?.data : undefined;
    const whole = typeof data === 'number' && Number.isInteger(data) ? BigInt(data) : data;
    if (typeof whole === 'bigint' && BigInt.asIntN(64, whole) === whole)
      return { type, data: whole };
    return stop(scope, `expected integer; ${found}`);
  }
  return stop(scope, `can't handle ${describeNode(operand)} for arg of type ${type.name}`);
}

function fitting(scope: Scope, value: MaybeValue, type: Parameter): MaybeValue {
  if (type === 'value' || (type === anyType && value !== undefined)) return value;
  if (value === undefined) {
    if (canBeNil(type)) return zeroOf(type);
    return stop(scope, `invalid value; expected ${type.name}`);
  }
  if (value.type === type) return value;
  const inside = insideInterface(value);
  if (inside?.type === type) return inside;
  const name = (inside ?? value).type.name;
  return stop(scope, `wrong type for value; expected ${type.name}; got ${name}`);
}

function canBeNil(type: GoType): boolean {
  return ['slice', 'map', 'interface', 'pointer'].includes(type.kind);
}
