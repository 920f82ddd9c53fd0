/** What `tetsu get` checks before it asks. */

import { exitCodes, Failure } from '../failure.ts';
import type { CliNoun } from '../nouns/noun.ts';

/** A mistyped state would match nothing, which reads like good news. */
export function checkValues(noun: CliNoun, filters: Readonly<Record<string, string>>): void {
  for (const [column, values] of Object.entries(filters)) {
    const known = noun.values[column];
    const wrong = values.split(',').find((value) => known !== undefined && !known.test(value));
    if (known === undefined || wrong === undefined) continue;
    throw new Failure(
      `--${column}: there is no ${column} ${JSON.stringify(wrong)}`,
      known.says,
      exitCodes.usage,
    );
  }
}
