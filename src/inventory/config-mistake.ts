/** What is wrong with a configuration: every mistake, each with its place, and what Sabakan would say of it. */

import { type Mistake, showValue } from './mistake.ts';

export type ConfigMistake = Mistake & {
  /** In Sabakan's words where it has some; version 1 answers with the first. */
  readonly rule: string;
};

export type ConfigReading = {
  /** Undefined when it is no object, which is the one mistake then. */
  readonly given: Readonly<Record<string, unknown>> | undefined;
  readonly mistakes: readonly ConfigMistake[];
  /**
   * @param at the member, or a place in it: `dns-servers/1`.
   * @param detail what would be right; the value is added.
   */
  readonly wrong: (at: string, detail: string, rule?: string) => void;
};

export function createConfigReading(json: unknown): ConfigReading {
  const mistakes: ConfigMistake[] = [];
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    const rule = 'must be a JSON object';
    mistakes.push({
      path: '',
      value: json,
      text: `must be an object, not ${showValue(json)}`,
      rule,
    });
    return { given: undefined, mistakes, wrong: () => {} };
  }
  const given = json as Readonly<Record<string, unknown>>;
  const wrong: ConfigReading['wrong'] = (at, detail, rule) => {
    const [member = '', index] = at.split('/');
    const whole = Object.hasOwn(given, member) ? given[member] : undefined;
    const value = index === undefined || !Array.isArray(whole) ? whole : whole[Number(index)];
    const isGiven = value !== undefined && value !== null;
    const text = `${member} ${detail}${isGiven ? `, not ${showValue(value)}` : '; it is missing'}`;
    mistakes.push({ path: `/${at}`, value, text, rule: rule ?? text });
  };
  return { given, mistakes, wrong };
}
