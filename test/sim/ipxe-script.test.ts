import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../src/base/result.ts';
import { runScript, type ScriptEnd } from '../../src/sim/ipxe-script.ts';

type Site = Readonly<Record<string, string>>;

async function play(lines: readonly string[], site: Site = {}) {
  const said: string[] = [];
  let slept = 0;
  const end = await runScript(
    {
      fetch: async (url) => {
        const text = site[url];
        return text === undefined ? fail('HTTP 404') : ok(new TextEncoder().encode(text));
      },
      wait: async (seconds) => {
        slept += seconds;
      },
      echo: (text) => said.push(text),
      variables: new Map([['serial', 'SN 1']]),
    },
    { url: 'http://s/boot/start', text: ['#!ipxe', ...lines].join('\n') },
  );
  return { end: describeEnd(end), said, slept };
}

function describeEnd(end: ScriptEnd): string {
  if (end.kind === 'failed') return `failed: ${end.text}`;
  if (end.kind !== 'boot') return end.kind;
  const initrds = end.initrds.map((image) => image.name).join('+');
  return `boot ${end.kernel.name} [${end.commandLine}] ${initrds}`;
}

describe('iPXE scripts', () => {
  const check = (title: string, lines: readonly string[], expected: string, site: Site = {}) =>
    it(title, async () => expect((await play(lines, site)).end).toBe(expected));

  check(
    'a kernel with arguments and an initrd are loaded and booted',
    [
      'set base http://s/b',
      'kernel ${base}/kernel initrd=i.gz a=${serial:uristring}',
      'initrd ${base}/i.gz',
      'boot',
    ],
    'boot kernel [initrd=i.gz a=SN%201] i.gz',
    { 'http://s/b/kernel': 'K', 'http://s/b/i.gz': 'I' },
  );
  check('chain follows a URL relative to the script', ['chain next'], 'done', {
    'http://s/boot/next': '#!ipxe\necho there',
  });
  check(
    'a failed command ends the script',
    ['kernel http://s/none', 'boot'],
    'failed: kernel http://s/none: HTTP 404',
  );
  check('|| catches a failure', ['chain http://s/none || exit'], 'done');
  check('|| is skipped after success', ['echo fine || reboot'], 'done');
  check('&& goes on after success only', ['isset ${nothing} && reboot || shell'], 'shell');
  check('goto finds its label', ['goto end', 'reboot', ':end', 'exit'], 'done');
  check(
    'goto to nowhere is an error',
    ['goto away'],
    'failed: no label away in http://s/boot/start',
  );
  check('an unknown command is an error', ['dance'], 'failed: dance: command not found');
  check(
    'what is no script is not followed',
    ['chain http://s/html'],
    'failed: http://s/html is no iPXE script',
    {
      'http://s/html': '<html>',
    },
  );
  check('a loop without a pause ends', [':a', 'goto a'], 'failed: 10000 commands without a pause');

  it('sleep waits, and a retry loop goes on until it works', async () => {
    const { end, slept, said } = await play([
      'set tries:int32 0',
      ':retry',
      'echo try ${n}',
      'iseq ${n} xx && goto done ||',
      'set n ${n}x',
      'sleep 5',
      'goto retry',
      ':done',
      'exit',
    ]);
    expect(end).toBe('done');
    expect(slept).toBe(10);
    expect(said).toEqual(['try', 'try x', 'try xx']);
  });
});
