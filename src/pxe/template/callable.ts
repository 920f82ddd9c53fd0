/** What templates call, functions and methods alike: what it takes, and how it is told that it cannot. */

import type { Budget } from './budget.ts';
import type { GoType } from './go-type.ts';
import type { MaybeValue } from './go-value.ts';

/** What went wrong inside; the runner adds template, line and expression. */
export class CallProblem extends Error {}

export function refuse(problem: string): never {
  throw new CallProblem(problem);
}

/** `value`: anything, as it comes, an absent value included; Go's functions on `reflect.Value`. */
export type Parameter = GoType | 'value';

export type Callable = {
  /** The last one any number of times, when it is variadic. */
  readonly takes: readonly Parameter[];
  readonly variadic?: true;
  /** `and` and `or` look at their arguments one by one. */
  readonly lazy?: 'and' | 'or';
  /** `call` is given what its first argument was written as, before all arguments. */
  readonly wantsName?: true;
  /** Go's complaint about the method's results, which no template may use. */
  readonly unusable?: string;
  /** Arguments for parameters of type `interface {}` come without it. */
  readonly call: (args: readonly MaybeValue[], budget: Budget) => MaybeValue;
};
