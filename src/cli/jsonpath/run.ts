/** A template's text for an object, as kubectl prints it: what is missing prints nothing, objects print as JSON. */

import type { Filter, Operand, Operator, Path, Step, Template } from './parse.ts';

export function runTemplate(template: Template, root: unknown): string {
  return runParts(template, root, root);
}

/** Every value a path leads to; none is no error. */
export function valuesOf(path: Path, root: unknown, current: unknown = root): readonly unknown[] {
  let values: readonly unknown[] = [current];
  for (const step of path) values = follow(step, values, root);
  return values.filter((value) => value !== undefined);
}

/** Several values are separated by spaces. */
export function textOf(values: readonly unknown[]): string {
  return values
    .map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')))
    .join(' ');
}

function runParts(template: Template, root: unknown, current: unknown): string {
  let text = '';
  for (const part of template) {
    switch (part.kind) {
      case 'text':
        text += part.text;
        break;
      case 'path':
        text += textOf(valuesOf(part.path, root, current));
        break;
      case 'range':
        for (const item of valuesOf(part.over, root, current)) {
          text += runParts(part.body, root, item);
        }
        break;
    }
  }
  return text;
}

function follow(step: Step, values: readonly unknown[], root: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'root':
      return [root];
    case 'current':
      return values;
    case 'names':
      return values.flatMap((value) => step.names.flatMap((name) => memberOf(value, name)));
    case 'all':
      return values.flatMap(childrenOf);
    case 'deep':
      return values.flatMap(selfAndBelow);
    case 'indices':
      return values.flatMap((value) =>
        Array.isArray(value) ? step.indices.flatMap((at) => elementOf(value, at)) : [],
      );
    case 'slice': {
      const { from, to, step: by } = step;
      return values.flatMap((value) =>
        Array.isArray(value) ? value.slice(from, to).filter((_, at) => at % by === 0) : [],
      );
    }
    case 'filter':
      return values.flatMap((value) =>
        childrenOf(value).filter((child) => holds(step.filter, root, child)),
      );
  }
}

/** Own members only: a label called `constructor` is only a label. */
function memberOf(value: unknown, name: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  if (!Object.hasOwn(value, name)) return [];
  return [(value as Readonly<Record<string, unknown>>)[name]];
}

function elementOf(value: readonly unknown[], at: number): readonly unknown[] {
  const index = at < 0 ? value.length + at : at;
  return index in value ? [value[index]] : [];
}

function childrenOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function selfAndBelow(value: unknown): readonly unknown[] {
  return [value, ...childrenOf(value).flatMap(selfAndBelow)];
}

function holds({ left, right }: Filter, root: unknown, child: unknown): boolean {
  const lefts = operandValues(left, root, child);
  if (right === undefined) return lefts.length > 0;
  const rights = operandValues(right.operand, root, child);
  return lefts.some((one) => rights.some((other) => compare(one, right.operator, other)));
}

function operandValues(operand: Operand, root: unknown, child: unknown): readonly unknown[] {
  return operand.kind === 'value' ? [operand.value] : valuesOf(operand.path, root, child);
}

function compare(one: unknown, operator: Operator, other: unknown): boolean {
  switch (operator) {
    case '==':
      return one === other;
    case '!=':
      return one !== other;
    case '<':
      return isBelow(one, other);
    case '<=':
      return isBelow(one, other) || (one === other && isOrdered(one));
    case '>':
      return isBelow(other, one);
    case '>=':
      return isBelow(other, one) || (one === other && isOrdered(one));
  }
}

/** Values of different types are in no order. */
function isBelow(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') return one < other;
  return typeof one === 'string' && typeof other === 'string' && one < other;
}

function isOrdered(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string';
}
