/** `tetsu explain boot`: what a machine would boot, step by step, with what is wrong and what to do. */

import type { BootExplanationV2 } from '../../sabakan/contract/boot-explanation.ts';
import type { Get } from '../answer.ts';
import { printable } from '../table.ts';

export type BootAsked = { readonly arch?: string; readonly firmware?: string };

export async function askBootExplanation(
  get: Get,
  machine: string,
  asked: BootAsked,
): Promise<BootExplanationV2> {
  const query = new URLSearchParams(asked).toString();
  const path = `/api/v2/boot-explanations/${encodeURIComponent(machine)}`;
  const { body } = await get(query === '' ? path : `${path}?${query}`);
  return body as BootExplanationV2;
}

/** For people at 3 a.m.: the verdict first, then every step, what is wrong marked where it stands. */
export function bootExplanationText({ of, steps, boots }: BootExplanationV2): string {
  const wrong = steps.filter(({ problem }) => problem !== null);
  const names = [...new Set(wrong.map(({ step }) => step))].join(', ');
  const verdict = boots
    ? `${of} boots: nothing that is known now stands in the way${wrong.length > 0 ? ' of most firmware' : ''}`
    : `${of} does not boot: look at ${names}`;
  const width = Math.max(...steps.map(({ step }) => step.length));
  const lines = steps.flatMap(({ step, says, because, problem }) => {
    const mark = problem === null ? 'ok' : '!!';
    const indent = ' '.repeat(width + 6);
    return [
      `${mark}  ${step.padEnd(width)}  ${says}`,
      ...(because === null ? [] : [`${indent}by ${because}`]),
      ...(problem === null ? [] : [`${indent}do: ${problem.todo}`]),
    ];
  });
  return [verdict, '', ...lines].map(printable).join('\n');
}
