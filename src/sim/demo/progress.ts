/** What the demo prints: one line per event, plain enough for a pipe, coloured on a terminal. */

type Tone = 'plain' | 'good' | 'bad' | 'strong' | 'faint';

export type Progress = {
  /** `12.3s  boot        text`. */
  readonly say: (topic: string, text: string, tone?: Tone) => void;
  /** Lines without a time, for what one wants to copy. */
  readonly note: (text: string) => void;
  /** A line of counts, only when it differs from the last one. */
  readonly counts: (topic: string, counts: ReadonlyMap<string, number>) => void;
};

const colours: Readonly<Record<Tone, readonly [string, string]>> = {
  plain: ['', ''],
  good: ['\u001b[32m', '\u001b[0m'],
  bad: ['\u001b[31m', '\u001b[0m'],
  strong: ['\u001b[1m', '\u001b[0m'],
  faint: ['\u001b[2m', '\u001b[0m'],
};

const topicWidth = 10;

export function createProgress(output: {
  readonly write: (text: string) => void;
  readonly elapsedMs: () => number;
  readonly isTerminal: boolean;
}): Progress {
  let lastCounts = '';
  const paint = (text: string, tone: Tone): string => {
    const [on, off] = colours[output.isTerminal ? tone : 'plain'];
    return `${on}${text}${off}`;
  };
  const say: Progress['say'] = (topic, text, tone = 'plain') => {
    const seconds = (output.elapsedMs() / 1000).toFixed(1).padStart(6);
    output.write(`${seconds}s  ${topic.padEnd(topicWidth)}  ${paint(text, tone)}\n`);
  };
  return {
    say,
    note: (text) => output.write(`${text}\n`),
    counts: (topic, counts) => {
      const text = [...counts]
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${count} ${name}`)
        .join(' · ');
      if (text === lastCounts) return;
      lastCounts = text;
      say(topic, text, 'faint');
    },
  };
}

/** How long each step of one machine's boot took, in seconds since its power came on. */
export function timelineOf(steps: readonly (readonly [stage: string, atMs: number])[]): string {
  const first = steps[0]?.[1] ?? 0;
  const last = new Map(steps.map(([stage, atMs]) => [stage, atMs]));
  return [...last]
    .slice(1)
    .map(([stage, atMs]) => `${stage} ${((atMs - first) / 1000).toFixed(1)}`)
    .join(', ');
}
