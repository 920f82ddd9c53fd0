import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../../src/base/result.ts';
import { bootScript, chainScript, sayScript } from '../../../src/pxe/ipxe/boot-script.ts';
import { encodeForUrl, parseBaseUrl } from '../../../src/pxe/ipxe/word.ts';
import { runScript } from '../../../src/sim/ipxe-script.ts';

const bootUrl = 'http://10.69.0.3:10080/api/v1/boot';
const facts = {
  bootUrl,
  serial: '1234abcd',
  templateId: '1.0.0',
  ignitionVersion: '2.3',
  imageId: '3975.2.1',
  kernelParams: 'console=ttyS0',
};

/** Follows a script as iPXE does: what was asked for, said and waited, until `untilMs`. */
async function follow(
  start: string,
  site: (url: string) => string | undefined,
  serial = '1234abcd',
  requestsMax = 200,
) {
  const asked: { atSeconds: number; url: string }[] = [];
  const said: string[] = [];
  let seconds = 0;
  const end = await runScript(
    {
      fetch: async (url) => {
        if (asked.length >= requestsMax) throw new Error('enough');
        asked.push({ atSeconds: seconds, url });
        const text = site(url);
        return text === undefined ? fail('HTTP 404') : ok(new TextEncoder().encode(text));
      },
      wait: async (pause) => {
        seconds += pause;
      },
      echo: (text) => said.push(text),
      variables: new Map([['serial', serial]]),
    },
    { url: `${bootUrl}/coreos/ipxe`, text: start },
  ).catch(() => undefined);
  return { end, asked, said, seconds: () => seconds };
}

describe('iPXE scripts', () => {
  it("the machine's script has Sabakan's meaning, with kernel and initrd of one image", () => {
    expect(bootScript(facts)?.split('\n')).toEqual([
      '#!ipxe',
      '',
      `set base-url ${bootUrl}`,
      'set ignition-id 1.0.0',
      'kernel ${base-url}/coreos/images/3975.2.1/kernel initrd=initrd.gz coreos.first_boot=1 coreos.config.url=${base-url}/ignitions/1234abcd/${ignition-id} console=ttyS0',
      'initrd ${base-url}/coreos/images/3975.2.1/initrd.gz',
      'boot',
      '',
    ]);
  });

  it.each(['3.0', '3.4'])(
    'gives Ignition %s what Flatcar and Fedora CoreOS read',
    (ignitionVersion) => {
      const script = bootScript({ ...facts, ignitionVersion }) ?? '';
      expect(script).toContain(
        ' coreos.first_boot=1 ignition.firstboot ignition.platform.id=metal ignition.config.url=$' +
          '{base-url}/ignitions/1234abcd/$' +
          '{ignition-id} console=ttyS0\n',
      );
      expect(script).not.toContain('coreos.config.url');
    },
  );

  it("without an image it is Sabakan's own, whose kernel is then not found", () => {
    const script = bootScript({ ...facts, imageId: undefined, kernelParams: '' }) ?? '';
    expect(script).toContain('kernel ${base-url}/coreos/kernel initrd=initrd.gz ');
    expect(script).toMatch(/\/\$\{ignition-id\}\n/);
  });

  it('chain and script lead to a kernel with its initrd, arguments and Ignition URL', async () => {
    const site = new Map([
      [`${bootUrl}/coreos/ipxe/1234abcd`, bootScript(facts) ?? ''],
      [`${bootUrl}/coreos/images/3975.2.1/kernel`, 'K'],
      [`${bootUrl}/coreos/images/3975.2.1/initrd.gz`, 'I'],
    ]);
    const { end } = await follow(chainScript(bootUrl), (url) => site.get(url));
    expect(end?.kind === 'boot' && end.commandLine).toBe(
      `initrd=initrd.gz coreos.first_boot=1 coreos.config.url=${bootUrl}/ignitions/1234abcd/1.0.0 console=ttyS0`,
    );
    expect(end?.kind === 'boot' && end.initrds[0]?.name).toBe('initrd.gz');
  });

  it('a machine that gets no script says why, and asks again with growing pauses', async () => {
    const why = sayScript(['No machine with serial number 1234abcd is registered.']);
    const { asked, said } = await follow(chainScript(bootUrl), (url) =>
      url.includes('/why/') ? why : undefined,
    );
    expect(said.slice(0, 3)).toEqual([
      `Serial number 1234abcd: booting from ${bootUrl} failed. Asking the server why.`,
      'No machine with serial number 1234abcd is registered.',
      'Next try in 10 seconds.',
    ]);
    const tries = asked.filter(({ url }) => url.includes('/ipxe/')).map((one) => one.atSeconds);
    expect(tries.slice(0, 6)).toEqual([0, 15, 40, 85, 150, 215]);
    const gaps = asked.slice(1).map((one, at) => one.atSeconds - (asked[at]?.atSeconds ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5);
  });

  it('a server that is away is tried again', async () => {
    const { said, asked } = await follow(chainScript(bootUrl), () => undefined);
    expect(said[1]).toBe('The server does not answer that either.');
    expect(asked.length).toBe(200);
  });

  it('a machine that is sent back to its firmware goes there', async () => {
    const { end } = await follow(chainScript(bootUrl), () => sayScript(['s-1 is retired.']));
    expect(end).toEqual({ kind: 'done' });
  });

  it.each([
    'x\nchain http://elsewhere',
    'x\r\nshell',
    '${net0/mac}',
    'a && shell',
    'a || chain http://elsewhere',
    '#!ipxe',
    'a # b',
    'back\\',
    '../../etc/passwd',
    'über straße',
    "it's (a) *serial*!",
    '%0Ashell',
    '\ud800',
  ])('the serial number %j cannot add a command', (serial) => {
    const script = bootScript({ ...facts, serial }) ?? '';
    const plain = bootScript(facts) ?? '';
    expect(script.split('\n').length).toBe(plain.split('\n').length);
    expect(script.split(/\s+/).length).toBe(plain.split(/\s+/).length);
    expect(script.match(/\$\{/g)?.length).toBe(plain.match(/\$\{/g)?.length);
    expect(script).not.toMatch(/&&|\|\|/);
  });

  it('no text at all adds a command, a variable or a word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (serial, id) => {
        const script = bootScript({ ...facts, serial, templateId: id, imageId: id }) ?? '';
        expect(script).toMatch(
          /^#!ipxe\n\nset [^\n]*\nset [^\n]*\nkernel [^\n]*\ninitrd [^\n]*\nboot\n$/,
        );
        expect(script.match(/\$\{/g)?.length).toBe(4);
      }),
    );
  });

  it.each(['a\nshell', '${x}', 'a && b', 'a || b', 'a # b', 'tab\there', 'ü', 'a"b'])(
    'stored kernel parameters %j that nobody checked are refused',
    (kernelParams) => expect(bootScript({ ...facts, kernelParams })).toBeUndefined(),
  );

  it('kernel parameters that end with a backslash do not swallow the next line', () => {
    expect(bootScript({ ...facts, kernelParams: 'a\\' })).not.toMatch(/\\\n/);
  });

  it('what the console is told stays one line of plain text', () => {
    expect(sayScript(['a\nshell ${serial} && || # \u001b[2J'])).toBe(
      '#!ipxe\n\necho a?shell ??serial? ?? ?? ? ??2J\n',
    );
  });

  it('texts are encoded for URLs by RFC 3986', () => {
    expect(encodeForUrl("Az09-._~ !'()*/?#[]@:&=+$,%")).toBe(
      'Az09-._~%20%21%27%28%29%2A%2F%3F%23%5B%5D%40%3A%26%3D%2B%24%2C%25',
    );
  });

  it.each([
    ['http://10.69.0.3:10080', true],
    ['https://boot.example.org/x', true],
    ['http://10.69.0.3:10080\nshell', false],
    ['http://${x}', false],
    ['ftp://10.69.0.3', false],
    ['http://a b', false],
    ['', false],
  ])('the base URL %j is plain: %s', (url, isPlain) => expect(parseBaseUrl(url).ok).toBe(isPlain));
});
