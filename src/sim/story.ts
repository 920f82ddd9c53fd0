/**
 * Stories: what happens to a fleet, then `----`, then what must be seen. Anyone can read one and write another.
 *
 *     # A machine that stops answering is set aside, and comes back by itself.
 *     fleet racks=1 machines=3
 *     boot all
 *     show from 04:00
 *     at 05:00 unplug s-002
 *     run until 09:00
 *     ----
 *     05:40 s-002  healthy -> unreachable   4 of 4 probes silent for 40s
 */

import { fail, ok, type Result } from '../base/result.ts';

export type FleetShape = {
  readonly racks: number;
  readonly machines: number;
  readonly servers: number;
  /** Healthy machines kept out of the cluster. */
  readonly spares: number;
  readonly controlPlanes: number;
};

export type Step = {
  readonly atMs: number;
  readonly verb: string;
  readonly words: readonly string[];
};

export type Story = {
  readonly title: string;
  readonly fleet: FleetShape;
  /** In order of time, then of lines; those without `at` happen at the beginning. */
  readonly steps: readonly Step[];
  /** What was seen before is one line of counts. */
  readonly showFromMs: number;
  readonly untilMs: number;
  readonly expected: readonly string[];
};

export type StoryMistake = { readonly line: number; readonly text: string };

const separator = '----';
const fleetMembers = {
  racks: 1,
  machines: 1,
  servers: 1,
  spares: 0,
  'control-planes': 3,
} as const;

/** @param verbs the verbs the player knows; others are mistakes. */
export function parseStory(
  text: string,
  verbs: ReadonlySet<string>,
): Result<Story, readonly StoryMistake[]> {
  const lines = text.split('\n');
  const cut = lines.findIndex((line) => line.trim() === separator);
  const script = cut === -1 ? lines : lines.slice(0, cut);
  const expected = cut === -1 ? [] : lines.slice(cut + 1);
  const mistakes: StoryMistake[] = [];
  const steps: Step[] = [];
  let fleet: FleetShape | undefined;
  let untilMs: number | undefined;
  let showFromMs: number | undefined = 0;
  let title = '';

  for (const [at, raw] of script.entries()) {
    const say = (what: string) => mistakes.push({ line: at + 1, text: what });
    const line = raw.trim();
    if (line.startsWith('#')) title ||= line.slice(1).trim();
    if (line === '' || line.startsWith('#')) continue;
    const words = line.split(/\s+/);
    if (words[0] === 'fleet') {
      fleet = parseFleet(words.slice(1), say);
    } else if (words[0] === 'run' && words[1] === 'until') {
      untilMs = parseTime(words[2] ?? '');
      if (untilMs === undefined) say(`"${words[2]}" is not a time such as 09:00`);
    } else if (words[0] === 'show' && words[1] === 'from') {
      showFromMs = parseTime(words[2] ?? '');
      if (showFromMs === undefined) say(`"${words[2]}" is not a time such as 05:00`);
    } else {
      const isTimed = words[0] === 'at';
      const atMs = isTimed ? parseTime(words[1] ?? '') : 0;
      const [verb = '', ...rest] = isTimed ? words.slice(2) : words;
      if (atMs === undefined) say(`"${words[1]}" is not a time such as 05:00`);
      if (!verbs.has(verb)) say(`no verb "${verb}"; known: ${[...verbs].join(', ')}`);
      steps.push({ atMs: atMs ?? 0, verb, words: rest });
    }
  }
  if (fleet === undefined) mistakes.push({ line: 1, text: 'no "fleet racks=… machines=…"' });
  if (untilMs === undefined) mistakes.push({ line: 1, text: 'no "run until TIME"' });
  if (mistakes.length > 0 || fleet === undefined || untilMs === undefined) return fail(mistakes);
  return ok({
    title,
    fleet,
    steps: steps.toSorted((a, b) => a.atMs - b.atMs),
    showFromMs: showFromMs ?? 0,
    untilMs,
    expected: expected.map((line) => line.trimEnd()).filter((line) => line !== ''),
  });
}

/** The story's text with what was seen in place of what was expected. */
export function withExpectations(text: string, seen: readonly string[]): string {
  const lines = text.split('\n');
  const cut = lines.findIndex((line) => line.trim() === separator);
  const script = (cut === -1 ? lines : lines.slice(0, cut)).join('\n').trimEnd();
  return `${[script, separator, ...seen].join('\n')}\n`;
}

/** `05:40`, or `1:05:40` from the first hour on. */
export function formatTime(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours > 0 ? `${hours}:` : ''}${two(minutes)}:${two(seconds % 60)}`;
}

export function parseTime(text: string): number | undefined {
  const match = /^(?:(\d+):)?(\d\d):(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [hours, minutes, seconds] = [match[1] ?? 0, match[2], match[3]].map(Number);
  return (((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}

function parseFleet(words: readonly string[], say: (text: string) => void): FleetShape {
  const given: Record<string, number> = { ...fleetMembers };
  for (const word of words) {
    const [name = '', value = ''] = word.split('=');
    if (!(name in fleetMembers)) {
      say(`fleet knows no "${name}"; known: ${Object.keys(fleetMembers).join(', ')}`);
    } else if (!/^\d{1,4}$/.test(value)) {
      say(`${name}="${value}" is not a count`);
    } else {
      given[name] = Number(value);
    }
  }
  return {
    racks: given['racks'] ?? 1,
    machines: given['machines'] ?? 1,
    servers: given['servers'] ?? 1,
    spares: given['spares'] ?? 0,
    controlPlanes: given['control-planes'] ?? 3,
  };
}
