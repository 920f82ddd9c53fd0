/**
 * `npm run test:chaos -- [--seconds N] [--seed N]`: three servers on three etcd members under blows; exit code 1 when
 * one of them broke its word. A seed repeats what is asked and which blows fall, not how the machine times it.
 */

import { parseArgs } from 'node:util';
import { longestSilence, runChaos } from './run.ts';

const secondsMax = 600;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed);
if (!Number.isInteger(seconds) || seconds < 1 || seconds > secondsMax) {
  throw new Error(`--seconds must be a whole number up to ${secondsMax}, not ${values.seconds}`);
}
if (!Number.isSafeInteger(seed)) throw new Error(`--seed must be a number, not ${values.seed}`);

console.log(`chaos: ${seconds} s, seed ${seed}`);
const ran = await runChaos({ seconds, seed, say: (text) => console.log(text) });
const { history, blows, violations } = ran;
const count = (kind: string) =>
  history.writes.filter(({ outcome }) => outcome.kind === kind).length;
const kinds = new Map<string, number[]>();
for (const { request, outcome } of history.writes) {
  const counts = kinds.get(request.kind) ?? [0, 0, 0];
  const at = ['done', 'refused', 'unknown'].indexOf(outcome.kind);
  kinds.set(request.kind, counts.with(at, (counts[at] ?? 0) + 1));
}
const struck = (what: string) => blows.filter(({ text }) => text.startsWith(what)).length;
console.log(
  `${history.writes.length} writes: ${count('done')} acknowledged, ${count('refused')} refused, ${count('unknown')} unknown
(${[...kinds].map(([kind, counts]) => `${kind} ${counts.join('/')}`).join(', ')})
${history.looks.length} looks at objects, ${history.lists.length} lists, ${history.acks.length} leases, ${history.events.length} changes in etcd
servers killed ${struck('kill server')} times, frozen ${struck('freeze server')}; etcd members killed ${struck('kill etcd')} times, frozen ${struck('freeze etcd')}
longest time without an acknowledged write: ${Math.round(longestSilence(history, ran.startMs, ran.endMs))} ms
every image and asset on every server ${Math.round(ran.imagesSpreadMs)} ms after the last blow`,
);
for (const { kind, text, history: lines } of violations) {
  console.log(`VIOLATION ${kind}: ${text}`);
  for (const line of lines) console.log(`    ${line}`);
}
if (violations.length > 0) {
  for (const { atMs, text } of blows) console.log(`    ${Math.round(atMs)} ms ${text}`);
  console.log(`to see it again: npm run test:chaos -- --seconds ${seconds} --seed ${seed}`);
}
console.log(`${violations.length === 0 ? 'ok' : 'FAIL'}: ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
