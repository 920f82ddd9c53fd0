/**
 * iPXE's script language as far as boot scripts use it: really parsed and followed, so that a script that would
 * stop a machine stops the simulated one too.
 */

import type { Result } from '../base/result.ts';

type Fetch = (url: string) => Promise<Result<Uint8Array, string>>;

type Image = { readonly name: string; readonly url: string; readonly bytes: Uint8Array };

export type ScriptEnd =
  | {
      readonly kind: 'boot';
      readonly kernel: Image;
      readonly initrds: readonly Image[];
      readonly commandLine: string;
    }
  /** The script ran out or exited: back to the firmware. */
  | { readonly kind: 'done' }
  /** A command failed and no `||` caught it. */
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'reboot' }
  /** A prompt nobody is there to see. */
  | { readonly kind: 'shell' };

export type ScriptHost = {
  readonly fetch: Fetch;
  readonly wait: (seconds: number) => Promise<void>;
  /** `serial`, `mac`, `uuid`, `ip`, `net0/mac` … */
  readonly variables: Map<string, string>;
  readonly echo: (text: string) => void;
};

const depthMax = 8;
/** Variables in one command; a variable that holds itself ends here. */
const variablesMax = 64;
/** Commands without a pause in between; a script that loops must sleep. */
const stepsMax = 10_000;

type Run = ScriptHost & { kernel?: Image; commandLine: string; initrds: Image[]; steps: number };
type Step = 'succeeded' | ScriptEnd;

export async function runScript(
  host: ScriptHost,
  script: { readonly url: string; readonly text: string },
): Promise<ScriptEnd> {
  const run: Run = { ...host, commandLine: '', initrds: [], steps: 0 };
  return follow(run, script, 0);
}

async function follow(
  run: Run,
  script: { readonly url: string; readonly text: string },
  depth: number,
): Promise<ScriptEnd> {
  if (!script.text.startsWith('#!ipxe')) return failed(`${script.url} is no iPXE script`);
  if (depth >= depthMax) return failed(`chained ${depthMax} deep at ${script.url}`);
  const lines = script.text.split('\n').map((line) => line.trim());
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '' || line.startsWith('#') || line.startsWith(':')) continue;
    run.steps += 1;
    if (run.steps > stepsMax) return failed(`${stepsMax} commands without a pause`);
    let label: string | undefined;
    const step = await runLine(run, line, script.url, depth, (to) => {
      label = to;
    });
    if (step !== 'succeeded') return step;
    if (label !== undefined) {
      at = lines.indexOf(`:${label}`);
      if (at === -1) return failed(`no label ${label} in ${script.url}`);
    }
  }
  return { kind: 'done' };
}

/** `a || b && c` from left to right, as iPXE does: after a failure only what follows `||` runs. */
async function runLine(
  run: Run,
  line: string,
  scriptUrl: string,
  depth: number,
  jump: (label: string) => void,
): Promise<Step> {
  const parts = line.split(/\s+(\|\||&&)(?:\s+|$)/);
  let last: Step = 'succeeded';
  for (let at = 0; at < parts.length; at += 2) {
    const operator = parts[at - 1];
    const wasFailure = last !== 'succeeded' && last.kind === 'failed';
    if (operator === '||' && !wasFailure) return 'succeeded';
    if (operator === '&&' && wasFailure) continue;
    // Expanded first and split then, as iPXE does: an empty variable leaves no word behind.
    const words = expand(parts[at] ?? '', run.variables).split(/\s+/);
    const present = words.filter((word) => word !== '');
    last = await runCommand(run, present, scriptUrl, depth, jump);
    if (last !== 'succeeded' && last.kind !== 'failed') return last;
  }
  return last;
}

async function runCommand(
  run: Run,
  [command, ...words]: readonly string[],
  scriptUrl: string,
  depth: number,
  jump: (label: string) => void,
): Promise<Step> {
  const { options, rest } = splitOptions(words);
  const [first = '', ...others] = rest;
  switch (command) {
    case undefined: // `cmd ||` with nothing behind it: the failure is forgiven
      return 'succeeded';
    case 'set':
      run.variables.set(first, others.join(' '));
      return 'succeeded';
    case 'clear':
      run.variables.delete(first);
      return 'succeeded';
    case 'isset':
      return first === '' ? failed('isset: not set') : 'succeeded';
    case 'iseq':
      return first === others[0] ? 'succeeded' : failed(`iseq: ${rest.join(' ')}`);
    case 'echo':
      run.echo(rest.join(' '));
      return 'succeeded';
    case 'sleep':
      run.steps = 0;
      await run.wait(Number(first) || 0);
      return 'succeeded';
    case 'goto':
      jump(first);
      return 'succeeded';
    case 'dhcp':
    case 'ifopen':
    case 'ifstat':
    case 'imgstat':
    case 'prompt':
      return 'succeeded';
    case 'imgfree':
      delete run.kernel;
      run.initrds = [];
      return 'succeeded';
    case 'chain':
      return chain(run, first, scriptUrl, depth, options.includes('--replace'));
    case 'kernel':
    case 'imgfetch':
    case 'initrd':
      return load(run, command, rest, options, scriptUrl);
    case 'boot':
      if (run.kernel === undefined) return failed('boot: no kernel');
      return {
        kind: 'boot',
        kernel: run.kernel,
        initrds: run.initrds,
        commandLine: run.commandLine,
      };
    case 'exit':
      return Number(first || 0) === 0 ? { kind: 'done' } : failed(`exit ${first}`);
    case 'reboot':
    case 'poweroff':
      return { kind: 'reboot' };
    case 'shell':
      return { kind: 'shell' };
    default:
      return failed(`${command}: command not found`);
  }
}

async function chain(
  run: Run,
  target: string,
  scriptUrl: string,
  depth: number,
  replaces: boolean,
): Promise<Step> {
  const url = resolve(target, scriptUrl);
  if (url === undefined) return failed(`chain ${target}: not a URL`);
  const fetched = await run.fetch(url);
  if (!fetched.ok) return failed(`chain ${url}: ${fetched.error}`);
  const text = new TextDecoder().decode(fetched.value);
  const end = await follow(run, { url, text }, replaces ? 0 : depth + 1);
  if (replaces) return end;
  return end.kind === 'done' ? 'succeeded' : end;
}

async function load(
  run: Run,
  command: 'kernel' | 'imgfetch' | 'initrd',
  rest: readonly string[],
  options: readonly string[],
  scriptUrl: string,
): Promise<Step> {
  const [target = '', ...args] = rest;
  const url = resolve(target, scriptUrl);
  if (url === undefined) return failed(`${command} ${target}: not a URL`);
  const fetched = await run.fetch(url);
  if (!fetched.ok) return failed(`${command} ${url}: ${fetched.error}`);
  const named = options.find((option) => option.startsWith('--name='))?.slice('--name='.length);
  const name = named ?? url.split('/').at(-1) ?? '';
  const image: Image = { name, url, bytes: fetched.value };
  if (command === 'kernel') {
    run.kernel = image;
    run.commandLine = args.join(' ');
  } else {
    run.initrds.push(image);
  }
  return 'succeeded';
}

function failed(text: string): ScriptEnd {
  return { kind: 'failed', text };
}

/** `${name}` and `${name:type}`; what is not set is empty, as in iPXE. Inner ones first. */
function expand(line: string, variables: ReadonlyMap<string, string>): string {
  const inner = /\$\{([^${}]*)\}/;
  let text = line;
  for (let round = 0; round < variablesMax; round += 1) {
    const next = text.replace(inner, (_, name: string) => lookUp(name, variables));
    if (next === text) return text;
    text = next;
  }
  return text;
}

function lookUp(name: string, variables: ReadonlyMap<string, string>): string {
  const [bare = '', type] = name.split(':');
  const value = variables.get(bare) ?? variables.get(bare.replace(/^(net[0X]|smbios)\//, '')) ?? '';
  if (type === 'uristring') return encodeURIComponent(value);
  if (type === 'hexhyp') return value.replaceAll(':', '-');
  if (type === 'hexraw') return value.replaceAll(':', '');
  return value;
}

/** `--name x`, `--name=x`, `-n x` and bare flags before the first ordinary word. */
function splitOptions(words: readonly string[]): { options: string[]; rest: string[] } {
  const options: string[] = [];
  let at = 0;
  for (; words[at]?.startsWith('-') === true; at += 1) {
    const word = words[at] ?? '';
    if (['--name', '-n', '--timeout', '-t'].includes(word)) {
      const name = word === '-n' ? '--name' : word;
      options.push(`${name}=${words[at + 1] ?? ''}`);
      at += 1;
    } else {
      options.push(word === '-r' ? '--replace' : word === '-a' ? '--autofree' : word);
    }
  }
  return { options, rest: words.slice(at) };
}

function resolve(target: string, base: string): string | undefined {
  return URL.canParse(target, base) ? new URL(target, base).href : undefined;
}
