/** `tetsu edit`: what people may change of a thing as YAML in their editor, until the server takes it or they give up. */

import type { ConfigV2 } from '../../sabakan/contract/config.ts';
import type { MachineV2 } from '../../sabakan/contract/machine.ts';
import type { Send } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { CliNoun } from '../nouns/noun.ts';
import { unknownName } from './list.ts';

/** Shows a text in an editor and returns what it has become. */
export type Editor = (text: string) => Promise<string>;

type Tree = { readonly [name: string]: unknown };

type Edited = {
  /** As people call it: `machine abc`. */
  readonly what: string;
  /** The command that begins anew with what it is now. */
  readonly command: string;
  readonly header: string;
  readonly before: Tree;
  /** The members it must be a map with. */
  readonly members: string;
  /** Sends what it has become; false: nothing differs. */
  readonly store: (edited: Tree) => Promise<boolean>;
};

/** @returns a sentence that says what was done */
export async function editMachine(
  send: Send,
  editor: Editor,
  noun: CliNoun,
  serial: string,
  dryRun: boolean,
): Promise<string> {
  const path = `/api/v2/machines/${encodeURIComponent(serial)}`;
  const { status, body, etag } = await send('GET', path);
  if (status === 404) throw unknownName(noun, serial);
  const machine = body as MachineV2;
  const before = editable(machine);
  return edit(editor, dryRun, {
    what: `machine ${serial}`,
    command: `tetsu edit machine ${serial}`,
    header: header(machine),
    before,
    members: 'spec and status',
    store: async (edited) => {
      const patch = machinePatch(before, edited);
      if (patch === undefined) return false;
      const contentType = 'application/merge-patch+json';
      await send('PATCH', path + queryOf(dryRun), patch, { ifMatch: etag ?? '*', contentType });
      return true;
    },
  });
}

/** @returns a sentence that says what was done */
export async function editConfig(
  send: Send,
  editor: Editor,
  noun: CliNoun,
  name: string,
  dryRun: boolean,
): Promise<string> {
  const path = `/api/v2/config/${encodeURIComponent(name)}`;
  const { status, body, etag } = await send('GET', path);
  if (status === 404) throw unknownName(noun, name);
  const { spec } = body as ConfigV2;
  return edit(editor, dryRun, {
    what: `the ${name} configuration`,
    command: `tetsu edit config ${name}`,
    header: `# The ${name} configuration, as in Sabakan's ${name}.json.\n# Close it unchanged, or empty, to change nothing.\n`,
    before: { spec },
    members: 'spec',
    store: async (edited) => {
      if (mergePatch({ spec }, edited) === undefined) return false;
      await send('PUT', path + queryOf(dryRun), edited, { ifMatch: etag ?? '*' });
      return true;
    },
  });
}

async function edit(editor: Editor, dryRun: boolean, about: Edited): Promise<string> {
  const { parse, stringify } = await import('yaml');
  let given = `${about.header}${stringify(about.before)}`;
  let trouble: Failure | undefined;
  for (;;) {
    const text = await editor(given);
    if (text === given || text.replace(/^#.*\n/gm, '').trim() === '') {
      if (trouble !== undefined) throw trouble;
      return 'nothing was changed';
    }
    const edited = parsed(parse, text, about.members);
    if (edited instanceof Failure) {
      trouble = edited;
      given = withTrouble(text, edited);
      continue;
    }
    try {
      if (!(await about.store(edited))) return 'nothing was changed';
      return `${about.what} changed${dryRun ? ' (dry run: nothing was changed)' : ''}`;
    } catch (problem) {
      if (!(problem instanceof Failure) || problem.refused === undefined) throw problem;
      // Editing further helps against a mistake, not against somebody else's change.
      if (problem.refused.status === 412) throw changedMeanwhile(about, text);
      if (![400, 409, 422].includes(problem.refused.status)) throw problem;
      trouble = problem;
      given = withTrouble(text, problem);
    }
  }
}

function queryOf(dryRun: boolean): string {
  return dryRun ? '?dryRun=true' : '';
}

function editable({ spec, status }: MachineV2): Tree {
  const { rack, role, bmc, labels, retireDate, hold } = spec;
  const { reason, until } = hold ?? {};
  const held = until == null ? { reason } : { reason, until };
  return {
    spec: {
      rack,
      role,
      bmc: { type: bmc.type },
      labels,
      retireDate,
      hold: hold === null ? null : held,
    },
    status: { state: status.state },
  };
}

/** A hold is one thing to the server: it is replaced, not patched. */
function machinePatch(before: Tree, after: Tree): Tree | undefined {
  const patch = mergePatch(before, after);
  const [changed, spec] = [patch?.['spec'], after['spec']];
  if (!isTree(changed) || !isTree(spec) || !isTree(changed['hold'])) return patch;
  return { ...patch, spec: { ...changed, hold: spec['hold'] } };
}

function header({ serial, spec, status }: MachineV2): string {
  const why = status.reason === null ? '' : `: ${status.reason.text}`;
  return `# Machine ${serial}: rack ${spec.rack}, index ${spec.indexInRack}, role ${spec.role}; ${status.state}${why}
# Beside status.state, reason: { text: … } says why; hold: { reason: …, until: … } keeps automation off.
# Another rack is another index and other addresses. Close it unchanged, or empty, to change nothing.
`.replace(/[^\P{Cc}\n]/gu, '\u{FFFD}');
}

/** Above the text as it was edited; what stood there from the last time goes. */
function withTrouble(text: string, { message, refused }: Failure): string {
  const places = (refused?.errors ?? []).map(({ at, detail }) => `${at}: ${detail}`);
  const lines = [message, ...places].flatMap((line) => line.split('\n'));
  const rest = text.replace(/^(#! .*\n)*/, '');
  return `${lines.map((line) => `#! ${line}\n`).join('')}${rest}`;
}

function parsed(parse: (text: string) => unknown, text: string, members: string): Tree | Failure {
  try {
    const value = parse(text);
    if (isTree(value)) return value;
    return new Failure(`this must be a map with ${members}`, '');
  } catch (problem) {
    return new Failure(problem instanceof Error ? problem.message : String(problem), '');
  }
}

function changedMeanwhile({ what, command }: Edited, text: string): Failure {
  return new Failure(
    `${what} was changed by somebody else while you edited; nothing of yours was stored:\n${text}`,
    `${command} again begins with what it is now`,
    exitCodes.conflict,
  );
}

/** RFC 7396: what makes `before` into `after`; undefined where nothing differs. */
export function mergePatch(before: Tree, after: Tree): Tree | undefined {
  const patch: [string, unknown][] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[name], after[name]];
    if (!Object.hasOwn(after, name)) patch.push([name, null]);
    else if (isTree(was) && isTree(is)) {
      const inner = mergePatch(was, is);
      if (inner !== undefined) patch.push([name, inner]);
    } else if (JSON.stringify(was) !== JSON.stringify(is)) patch.push([name, is]);
  }
  return patch.length === 0 ? undefined : Object.fromEntries(patch);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
