/**
 * How much one document may cost. Counted, not timed: the same template gives the same answer on every server, busy or
 * not. The figures are far above real templates, and together well below a second.
 */

/** Nodes run and operands evaluated, in all texts of a document. */
export const stepsMax = 1_000_000;
/** Characters made by functions and printed, in all texts of a document; 64 of them also cost a step. */
export const charactersMax = 8 * 1024 * 1024;
/** `{{template}}` calling itself. */
export const callDepthMax = 100;

const charactersPerStep = 64;

/** Reaching a limit. The message says which. */
export class BudgetProblem extends Error {}

export type Budget = {
  readonly steps: (count: number) => void;
  /** Before or after the text is made; functions that could make a large one from a small one ask before. */
  readonly characters: (count: number) => void;
  /** For texts and lists that are looked through. */
  readonly reading: (count: number) => void;
};

export function createBudget(): Budget {
  let steps = 0;
  let characters = 0;
  const take = (count: number): void => {
    steps += count;
    if (steps > stepsMax) {
      throw new BudgetProblem(`the document takes more than ${stepsMax} steps (stepsMax)`);
    }
  };
  return {
    steps: take,
    reading: (count) => take(Math.floor(count / charactersPerStep)),
    characters: (count) => {
      characters += count;
      if (characters > charactersMax) {
        const text = `the document makes more than ${charactersMax} characters (charactersMax)`;
        throw new BudgetProblem(text);
      }
      take(Math.floor(count / charactersPerStep));
    },
  };
}
