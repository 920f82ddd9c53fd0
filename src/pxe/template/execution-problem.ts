/** An error while a template runs: what is wrong, and the node that was looked at last. */

import type { Locatable } from './nodes.ts';

export class ExecutionProblem extends Error {
  readonly node: Locatable;
  readonly tree: string;
  constructor(text: string, node: Locatable, tree: string) {
    super(text);
    this.node = node;
    this.tree = tree;
  }
}

export function stop(
  scope: { readonly node: Locatable | undefined; readonly tree: string },
  text: string,
): never {
  throw new ExecutionProblem(text, scope.node ?? { kind: 'nil', at: 0 }, scope.tree);
}
