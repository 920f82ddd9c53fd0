/** `tetsu register`, `apply` and `diff`: what files of machines would do, and the doing of exactly that. */

import type { RegistrationV2 } from '../../sabakan/contract/registration.ts';
import type { Answer, Send } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { placed } from '../file-spot.ts';
import type { Bundle, Bundled } from '../roster-files.ts';
import type { Paint } from '../style.ts';
import { formatTable, printable } from '../table.ts';

const path = '/api/v2/registrations';
/** New machines and differences beyond these are counted; `-o wide` and `-o json` have them all. */
const rowsMax = 40;

export type Preview = { readonly shown: RegistrationV2; readonly etag: string };

/** `evenInUse`: role and rack may change in every state. */
export type Terms = { readonly evenInUse?: true };

function wordsOf({ evenInUse }: Terms): readonly string[] {
  return evenInUse === true ? ['evenInUse=true'] : [];
}

/** @throws Failure with every mistake as `FILE:ROW:COLUMN: text`, exit code 2. */
export function wholeBundle(bundled: Bundled): Bundle {
  if (bundled.kind === 'bundle') return bundled.bundle;
  const { lines, total, isCut } = bundled;
  const more = total > lines.length ? `, the first ${lines.length} of them here` : '';
  const head = `${total === 1 ? '1 mistake' : `${isCut ? 'at least ' : ''}${total} mistakes`}${more}; nothing was sent:`;
  const errors = lines.map((line) => ({ at: '', detail: line }));
  const text = [head, ...lines].join('\n');
  throw new Failure(text, 'mend them and run it again', exitCodes.usage, { errors });
}

/** @throws Failure with the places in the files that the server is against. */
export async function previewBundle(
  send: Send,
  bundle: Bundle,
  terms: Terms = {},
): Promise<Preview> {
  const { body, etag = '' } = await asked(send, bundle, ['dryRun=true', ...wordsOf(terms)], {});
  return { shown: body as RegistrationV2, etag };
}

/** Does what the preview showed, or nothing. */
export async function applyBundle(
  send: Send,
  bundle: Bundle,
  { etag }: Preview,
  terms: Terms = {},
): Promise<RegistrationV2> {
  const { body } = await asked(send, bundle, wordsOf(terms), { ifMatch: etag });
  return body as RegistrationV2;
}

async function asked(
  send: Send,
  bundle: Bundle,
  words: readonly string[],
  terms: { readonly ifMatch?: string },
): Promise<Answer> {
  try {
    const answer = await send(
      'POST',
      words.length === 0 ? path : `${path}?${words.join('&')}`,
      bundle.body,
      terms,
    );
    if (answer.status < 300) return answer;
  } catch (problem) {
    throw problem instanceof Failure ? atPlaces(problem, bundle) : problem;
  }
  throw new Failure(
    'the server takes no files of machines',
    'is it Tetsukan, and of this version?',
  );
}

/** What the server says of its own copy is said of the files. */
function atPlaces(failure: Failure, bundle: Bundle): Failure {
  const { refused, hint, exitCode } = failure;
  if (refused === undefined || refused.errors.length === 0) return failure;
  const lines = refused.errors.map(({ at, detail }) => {
    const spot = bundle.spotAt(at);
    const text = detail.startsWith(`${at}: `) ? detail.slice(at.length + 2) : detail;
    return spot === undefined ? printable(text) : placed(spot, text);
  });
  const head = `the server refuses it, nothing was done (${refused.kind}):`;
  return new Failure([head, ...lines].join('\n'), hint, exitCode, { ...refused, errors: [] });
}

/** Whether anything would be written. */
export function changesAnything({ counts, config }: RegistrationV2): boolean {
  const { registered, changed } = counts;
  return registered + changed > 0 || config.some(({ outcome }) => outcome !== 'unchanged');
}

/** Whether something that is there would become something else: people are asked about that. */
export function changesPresent({ counts, config }: RegistrationV2): boolean {
  return counts.changed > 0 || config.some(({ outcome }) => outcome === 'changed');
}

/** New machines as a table, changes member by member, and a line that counts all. */
export function formatPreview(shown: RegistrationV2, wide: boolean, paint: Paint): string {
  const max = wide ? Number.POSITIVE_INFINITY : rowsMax;
  const fresh = shown.machines.filter(({ outcome }) => outcome === 'registered');
  const table =
    fresh.length === 0
      ? []
      : [paint('added', formatTable(columns, fresh.slice(0, max))), ...rest(fresh, max), ''];
  const changes = formatDiff({ ...shown, machines: changed(shown) }, wide, paint);
  return [...table, ...(changes === '' ? [] : [changes, '']), summary(shown)].join('\n');
}

/** What would change, one line for each member; empty: nothing. */
export function formatDiff(shown: RegistrationV2, wide: boolean, paint: Paint): string {
  const max = wide ? Number.POSITIVE_INFINITY : rowsMax;
  const config = shown.config
    .filter(({ outcome }) => outcome !== 'unchanged')
    .flatMap(({ noun, outcome, changes }) => [
      outcome === 'set' ? paint('added', `+ ${noun}`) : paint('changed', `~ ${noun}`),
      ...members(changes, paint),
    ]);
  const differing = shown.machines.filter(({ outcome }) => outcome !== 'unchanged');
  const machines = differing.slice(0, max).flatMap((machine) => {
    const { serial, outcome, changes, spec } = machine;
    if (outcome === 'changed') {
      const head = paint('changed', `~ machine ${printable(serial)}`);
      return [head, ...members(changes, paint)];
    }
    const where = `rack ${spec.rack}, index ${spec.indexInRack}, ${spec.role}, ${spec.ipv4[0]}`;
    return [paint('added', printable(`+ machine ${serial}: ${where}`))];
  });
  return [...config, ...machines, ...rest(differing, max)].join('\n');
}

export function summary({ counts, dryRun, config, revision }: RegistrationV2): string {
  const { registered, changed: differing, unchanged } = counts;
  const written = config.filter(({ outcome }) => outcome !== 'unchanged');
  const nouns = written.map(({ noun, outcome }) => `, ${noun} ${outcome}`).join('');
  const numbers = `${registered} registered, ${differing} changed, ${unchanged} unchanged${nouns}`;
  return dryRun ? `would be: ${numbers}` : `done: ${numbers} (revision ${revision})`;
}

/** `register 1000 machines, change 3 and set ipam` */
export function question({ counts, config }: RegistrationV2): string {
  const { registered, changed: differing } = counts;
  const nouns = config
    .filter(({ outcome }) => outcome !== 'unchanged')
    .map(({ noun, outcome }) => `${outcome === 'set' ? 'set' : 'change'} ${noun}`);
  const parts = [
    ...(registered > 0 ? [`register ${machines(registered)}`] : []),
    ...(differing > 0 ? [`change ${machines(differing)}`] : []),
    ...nouns,
  ];
  return parts.join(', ');
}

function machines(count: number): string {
  return count === 1 ? '1 machine' : `${count} machines`;
}

type Row = RegistrationV2['machines'][number];

const columns = [
  { title: 'NEW', cell: ({ serial }: Row) => serial },
  { title: 'RACK', cell: ({ spec }: Row) => String(spec.rack) },
  { title: 'INDEX', cell: ({ spec }: Row) => String(spec.indexInRack) },
  { title: 'ROLE', cell: ({ spec }: Row) => spec.role },
  { title: 'IPV4', cell: ({ spec }: Row) => spec.ipv4.join(',') },
  { title: 'BMC', cell: ({ spec }: Row) => spec.bmc.type },
  { title: 'BMC-IPV4', cell: ({ spec }: Row) => spec.bmc.ipv4 },
];

function changed({ machines: all }: RegistrationV2): RegistrationV2['machines'] {
  return all.filter(({ outcome }) => outcome === 'changed');
}

function rest(all: readonly unknown[], max: number): readonly string[] {
  return all.length > max ? [`… and ${all.length - max} more (-o wide shows all)`] : [];
}

function members(changes: Row['changes'], paint: Paint): readonly string[] {
  return changes.map(({ member, before, after }) => {
    const was = before === null ? '' : `${paint('removed', value(before))} `;
    const is = after === null ? paint('removed', 'none') : paint('added', value(after));
    return `    ${printable(member)}: ${was}→ ${is}`;
  });
}

function value(of: unknown): string {
  return printable(Array.isArray(of) ? of.join(', ') : String(of));
}
