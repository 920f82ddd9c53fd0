import { describe, expect, it } from 'vitest';
import { fail, ok } from '../../../src/base/result.ts';
import { instant } from '../../../src/base/time.ts';
import type { Machine } from '../../../src/inventory/machine.ts';
import type { BootPolicy, Pins } from '../../../src/pxe/boot-policy.ts';
import { chooseBoot } from '../../../src/pxe/choice/choose.ts';
import type { Content } from '../../../src/pxe/http/artefact.ts';
import { type BootHttpDeps, createBootHttp } from '../../../src/pxe/http/boot-http.ts';
import type { BootResponse } from '../../../src/pxe/http/message.ts';
import type { StoredImage } from '../../../src/pxe/images/shelf.ts';
import type { HttpSighting } from '../../../src/pxe/sightings.ts';
import { manualClock } from '../../support/clock.ts';
import { aMachine } from '../../support/machines.ts';

const advertiseUrl = 'http://10.69.0.3:10080';

function content(text: string): Content & { readonly bytes: Uint8Array } {
  const bytes = new TextEncoder().encode(text);
  return {
    bytes,
    sizeBytes: bytes.length,
    sha256: `hash-of-${text}`,
    modifiedAt: instant(Date.UTC(2026, 10, 21, 6)),
    open: async () => ok({ kind: 'bytes', bytes }),
  };
}

function image(id: string): StoredImage {
  return { id, files: { kernel: content(`kernel ${id}`), 'initrd.gz': content(`initrd ${id}`) } };
}

const template = { id: '1.0.0', version: '2.3' };

type Over = Partial<BootHttpDeps> & {
  readonly kernelParams?: () => string;
  readonly policy?: BootPolicy;
};

function aBootServer(given: Over = {}, machines: readonly Machine[] = []) {
  const {
    kernelParams = () => 'console=ttyS0',
    policy = { rules: [], channels: new Map() },
    ...over
  } = given;
  const known = machines.length > 0 ? machines : [aMachine({ serial: '1234abcd', role: 'cs' })];
  const events: HttpSighting[] = [];
  const { handle } = createBootHttp({
    find: (serial) => known.find((machine) => machine.spec.serial === serial),
    revisionOf: () => '17',
    loaders: new Map([
      ['ipxe.efi', content('ipxe')],
      ['undionly.kpxe', content('undionly')],
    ]),
    images: {
      newest: () => image('2'),
      held: (id) => (['1', '2'].includes(id) ? image(id) : undefined),
      holders: (id) => (id === '7' ? ['http://10.69.0.4:10080', 'http://10.69.0.5:10080'] : []),
    },
    choose: (machine) =>
      chooseBoot(machine, policy, {
        newestImage: () => (over.images ?? { newest: () => image('2') }).newest()?.id,
        hasImage: (id) => ['1', '2', '7'].includes(id),
        kernelParams,
        latestTemplate: (role) => (role === 'cs' ? template : undefined),
        template: (role, id) => (role === 'cs' && id === template.id ? template : undefined),
      }),
    chance: { next: () => 0.5 },
    ignitions: {
      render: (machine, id) =>
        id === '1.0.0'
          ? ok(`{"for":"${machine.spec.serial}"}`)
          : id === 'bad'
            ? fail('line 3')
            : undefined,
      version: () => '3.4.0',
    },
    advertiseUrl,
    retired: 'boot',
    clock: manualClock(),
    tell: (event) => {
      if (event.by === 'http') events.push(event);
    },
    ...over,
  });
  const ask = (path: string, method = 'GET', headers: Readonly<Record<string, string>> = {}) =>
    handle({
      method,
      path: path.startsWith('/') ? path : `/api/v1/boot/${path}`,
      headers: new Map(Object.entries(headers)),
      remoteAddress: '10.69.0.4',
      requestId: 'r-1',
    });
  return { ask, events };
}

function textOf(response: BootResponse): string {
  const { body } = response;
  return body.kind === 'bytes'
    ? new TextDecoder().decode(body.bytes.subarray(body.start, body.end))
    : '';
}

describe('HTTP boot', () => {
  const { ask } = aBootServer();

  it.each([
    ['ipxe.efi', 200, 'application/efi'],
    ['undionly.kpxe', 200, 'application/octet-stream'],
    ['snponly.efi', 404, 'application/json'],
    ['coreos/ipxe', 200, 'text/plain; charset=ASCII'],
    ['coreos/ipxe/1234abcd', 200, 'text/plain; charset=ASCII'],
    ['coreos/ipxe/ 1234abcd ', 200, 'text/plain; charset=ASCII'],
    ['coreos/ipxe/', 404, 'application/json'],
    ['coreos/ipxe/unknown', 404, 'application/json'],
    ['coreos/ipxe/1234abcd/more', 404, 'application/json'],
    ['coreos/why/unknown', 200, 'text/plain; charset=ASCII'],
    ['coreos/kernel', 200, 'application/octet-stream'],
    ['coreos/initrd.gz', 200, 'application/octet-stream'],
    ['coreos/images/1/kernel', 200, 'application/octet-stream'],
    ['coreos/images/3/kernel', 404, 'application/json'],
    ['coreos/images/1/other', 404, 'application/json'],
    ['coreos/images/7/other', 404, 'application/json'],
    ['coreos/held/1/kernel', 200, 'application/octet-stream'],
    ['coreos/held/1/kernel/more', 404, 'application/json'],
    ['coreos/held/7/kernel', 404, 'application/json'],
    ['coreos/images/1/kernel/more', 404, 'application/json'],
    ['coreos/other', 404, 'application/json'],
    ['coreos', 404, 'application/json'],
    ['ignitions/1234abcd/1.0.0', 200, 'application/json'],
    ['ignitions/1234abcd/9.9.9', 404, 'application/json'],
    ['ignitions/unknown/1.0.0', 404, 'application/json'],
    ['ignitions/1234abcd/bad', 500, 'application/json'],
    ['ignitions/1234abcd', 400, 'application/json'],
    ['ignitions/1234abcd/1.0.0/more', 400, 'application/json'],
    ['autoexec.ipxe', 404, 'application/json'],
    ['/autoexec.ipxe', 404, 'application/json'],
    ['', 404, 'application/json'],
  ])('GET %s is %i, %s', async (path, status, type) => {
    const response = await ask(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe(type);
  });

  it.each([
    'ipxe.efi',
    'coreos/ipxe',
    'coreos/ipxe/1234abcd',
    'coreos/ipxe/unknown',
    'coreos/kernel',
    'coreos/images/1/initrd.gz',
  ])('RFC 9110 section 9.3.2: HEAD %s has the headers of GET and no body', async (path) => {
    const [get, head] = [await ask(path), await ask(path, 'HEAD')];
    expect(head.status).toBe(get.status);
    expect([...head.headers]).toEqual([...get.headers]);
    expect(head.body.kind).toBe('none');
    expect(get.headers.get('content-length')).toBe(String(textOf(get).length));
  });

  it.each([
    ['application/vnd.coreos.ignition+json;version=3.4.0, */*;q=0.1', true],
    ['*/*', false],
    ['application/json', false],
  ])(
    'Ignition that accepts %s: its own type with the version, where it is named',
    async (accept, isOwn) => {
      const { headers } = await ask('ignitions/1234abcd/1.0.0', 'GET', { accept });
      expect(headers.get('content-type')).toBe(
        isOwn ? 'application/vnd.coreos.ignition+json; version=3.4.0' : 'application/json',
      );
    },
  );

  it.each([
    ['coreos/kernel', 'PUT', 'GET, HEAD'],
    ['coreos/ipxe', 'POST', 'GET, HEAD'],
    ['ipxe.efi', 'DELETE', 'GET, HEAD'],
    ['ignitions/1234abcd/1.0.0', 'HEAD', 'GET'],
  ])('%s: %s is 405 and names what is allowed', async (path, method, allow) => {
    const response = await ask(path, method);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allow);
  });

  it.each([
    '../etc/passwd',
    'coreos/../../machines',
    'coreos/images/../kernel',
    'coreos/images/./kernel',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/etc/passwd',
    'coreos/kernel\0',
    'coreos\\kernel',
    'coreos//kernel',
    '/etc/passwd',
    'http://elsewhere/api/v1/boot/ipxe.efi',
    `coreos/ipxe/${'x'.repeat(5_000)}`,
    '__proto__',
    'constructor',
  ])('%j leads nowhere', async (path) => {
    const response = await ask(path);
    expect(response.status).toBe(404);
    expect(textOf(response)).not.toContain('etc');
  });

  it("errors have Sabakan's body, members in order and a newline at the end", async () => {
    expect(textOf(await ask('coreos/held/3/kernel'))).toBe(
      '{"error":"requested resource is not found","reason":"it is not on this server","request_id":"r-1","status":404}\n',
    );
  });

  it('the image of a boot that began at another server is where the index says', async () => {
    const sent = await ask('coreos/images/7/kernel');
    expect([sent.status, sent.headers.get('location'), sent.headers.get('cache-control')]).toEqual([
      302,
      'http://10.69.0.5:10080/api/v1/boot/coreos/held/7/kernel',
      'no-store',
    ]);
    expect(textOf(await ask('coreos/images/3/kernel'))).toContain(
      'no server has image 3: it was removed, or never finished',
    );
  });

  it('a document names the template and the revision of the machine that it was made of', async () => {
    const { headers } = await ask('ignitions/1234abcd/1.0.0');
    expect(headers.get('x-tetsukan-template')).toBe('cs/1.0.0');
    expect(headers.get('x-tetsukan-machine-revision')).toBe('17');
  });

  it('scripts and documents are never kept by a cache', async () => {
    for (const path of ['coreos/ipxe', 'coreos/ipxe/1234abcd', 'ignitions/1234abcd/1.0.0']) {
      expect((await ask(path)).headers.get('cache-control')).toBe('no-store');
    }
  });

  it('no answer leaves its type to be guessed', async () => {
    for (const path of [
      'ipxe.efi',
      'coreos/kernel',
      'coreos/ipxe',
      'coreos/other',
      'ignitions/x',
    ]) {
      expect((await ask(path)).headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('a part of a file has its exact range and length', async () => {
    const response = await ask('coreos/kernel', 'GET', { range: 'bytes=2-3' });
    expect([response.status, textOf(response)]).toEqual([206, 'rn']);
    expect(response.headers.get('content-range')).toBe('bytes 2-3/8');
    expect(response.headers.get('content-length')).toBe('2');
    const beyond = await ask('coreos/kernel', 'GET', { range: 'bytes=99-' });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */8']);
  });

  it('a file that has not changed is not sent again', async () => {
    const etag = (await ask('coreos/kernel')).headers.get('etag') ?? '';
    const again = await ask('coreos/kernel', 'GET', { 'if-none-match': etag });
    expect([again.status, again.body.kind]).toEqual([304, 'none']);
    const moved = await ask('coreos/images/1/kernel', 'GET', { 'if-match': etag });
    expect(moved.status).toBe(412);
  });

  it('the script names the newest image, so that its initrd cannot come from another one', async () => {
    const script = textOf(await ask('coreos/ipxe/1234abcd'));
    expect(script).toContain('/coreos/images/2/kernel ');
    expect(script).toContain('/coreos/images/2/initrd.gz\n');
  });

  it('a pinned image boots instead of the newest, and one that is on no server boots nothing', async () => {
    const channels = new Map([
      ['stable', { name: 'stable', pins: { image: '1', templates: new Map() } }],
      ['lost', { name: 'lost', pins: { image: '9', templates: new Map() } }],
    ]);
    const following = (channel: string) => ({
      rules: [
        {
          name: 'all',
          match: { serials: [], labels: new Map() },
          channel,
          pins: { templates: new Map() },
        },
      ],
      channels,
    });
    const script = textOf(
      await aBootServer({ policy: following('stable') }).ask('coreos/ipxe/1234abcd'),
    );
    expect(script).toContain('/coreos/images/1/kernel ');
    expect(script).toContain('/coreos/images/1/initrd.gz\n');
    const lost = aBootServer({ policy: following('lost') });
    expect((await lost.ask('coreos/ipxe/1234abcd')).status).toBe(404);
    expect(lost.events.at(-1)?.text).toBe(
      'Image 9, which the channel lost (rule all) names, is on no server.',
    );
  });

  it('the console is told what is wrong', async () => {
    const pinning = (name: string, pins: Pins): BootPolicy => ({
      rules: [{ name, match: { serials: [], labels: new Map() }, pins }],
      channels: new Map(),
    });
    const rows: [string, Over, Machine[], RegExp][] = [
      ['x', {}, [], /echo No machine with serial number x is registered\./],
      ['', {}, [], /echo The firmware knows no serial number/],
      [
        's-1',
        {},
        [aMachine({ serial: 's-1', role: 'new' })],
        /echo There is no Ignition template for role new\./,
      ],
      [
        '1234abcd',
        { images: { newest: () => undefined, held: () => undefined, holders: () => [] } },
        [],
        /echo No boot image is on the server/,
      ],
      ['1234abcd', { kernelParams: () => 'a\nb' }, [], /echo The stored kernel parameters/],
      [
        '1234abcd',
        { policy: pinning('old', { image: '9', templates: new Map() }) },
        [],
        /echo Image 9, which the rule old names, is on no server\./,
      ],
      [
        '1234abcd',
        { policy: pinning('old', { templates: new Map([['cs', '0.9']]) }) },
        [],
        /echo Role cs has no Ignition template 0\.9, which the rule old names\./,
      ],
    ];
    for (const [serial, over, machines, expected] of rows) {
      const response = await aBootServer(over, machines).ask(`coreos/why/${serial}`);
      expect(textOf(response)).toMatch(expected);
    }
  });

  it.each([
    ['boot', 200, /^kernel /m],
    ['exit', 200, /^#!ipxe\n\necho s-1 is retired\.\necho Back to the firmware\.\n$/],
    ['refuse', 404, /s-1 is retired/],
  ] as const)('a retired machine under the policy %s', async (retired, status, text) => {
    const { ask } = aBootServer({ retired }, [aMachine({ serial: 's-1', state: 'retired' })]);
    const response = await ask('coreos/ipxe/s-1');
    expect(response.status).toBe(status);
    expect(textOf(response)).toMatch(text);
    const document = await ask('ignitions/s-1/1.0.0');
    expect(document.status).toBe(retired === 'boot' ? 200 : 404);
  });

  it('each step of a boot is told to whoever observes, with the serial where it is known', async () => {
    const { ask, events } = aBootServer();
    await ask('ipxe.efi', 'HEAD');
    await ask('coreos/ipxe');
    await ask('coreos/ipxe/nobody');
    await ask('coreos/images/2/kernel');
    await ask('ignitions/1234abcd/1.0.0');
    expect(events.map(({ kind, serial, status }) => `${kind} ${serial} ${status}`)).toEqual([
      'loader undefined 200',
      'chain-script undefined 200',
      'script nobody 404',
      'kernel undefined 200',
      'ignition 1234abcd 200',
    ]);
  });
});

describe('a server that does not see the store', () => {
  const doubt = () => 'no link';

  it('says "not now" rather than "there is none", at which Ignition would give up', async () => {
    const { ask } = aBootServer({ doubt });
    for (const path of ['coreos/ipxe/x', 'ignitions/x/1.0.0', 'ignitions/1234abcd/2.0.0']) {
      const { status, body } = await ask(path);
      expect([path, status, body.kind]).toEqual([path, 503, 'bytes']);
    }
    const other = [aMachine({ serial: '1234abcd', role: 'ss' })];
    expect((await aBootServer({ doubt }, other).ask('coreos/ipxe/1234abcd')).status).toBe(503);
  });

  it('boots those it knows, and bars the retired', async () => {
    const { ask } = aBootServer({ doubt });
    expect((await ask('ignitions/1234abcd/1.0.0')).status).toBe(200);
    const retired = [aMachine({ serial: 'r', state: 'retired' })];
    const barring = aBootServer({ doubt, retired: 'refuse' }, retired);
    expect((await barring.ask('ignitions/r/1.0.0')).status).toBe(404);
    expect((await ask('nothing')).status).toBe(404);
  });

  it('a body is told when it has left, with what left of it, under the number of its request', async () => {
    const { ask, events } = aBootServer();
    const response = await ask('coreos/images/2/kernel');
    response.watch?.moved(3);
    response.watch?.ended(5);
    expect(events).toMatchObject([
      { phase: 'answered', kind: 'kernel', imageId: '2', sentBytes: 0, bodyBytes: 8 },
      { phase: 'ended', kind: 'kernel', requestId: 'r-1', sentBytes: 5, bodyBytes: 8 },
    ]);
  });
});

describe('a machine whose turn has not come', () => {
  const waiting = { ask: () => ({ kind: 'wait', place: 37, of: 412 }) as const };

  it('is told its place and asks again by itself', async () => {
    const { ask, events } = aBootServer({ gate: waiting });
    const response = await ask('coreos/ipxe/1234abcd');
    expect(response.status).toBe(200);
    const lines = textOf(response).split('\n');
    expect(lines[0]).toBe('#!ipxe');
    expect(lines).toContain('echo Many machines are booting: place 37 of 412, next try in 5 s');
    expect(lines).toContain('sleep 5');
    expect(lines).toContain(`chain --replace ${advertiseUrl}/api/v1/boot/coreos/ipxe/1234abcd`);
    expect(events.at(-1)?.text).toBe('told to wait: place 37 of 412');
  });

  it('gets its loader, its kernel and the first script all the same', async () => {
    const { ask } = aBootServer({ gate: waiting });
    for (const path of ['ipxe.efi', 'coreos/ipxe', 'coreos/images/2/kernel']) {
      expect((await ask(path)).status).toBe(200);
    }
  });

  it('is no machine that is unknown', async () => {
    const { ask } = aBootServer({ gate: waiting });
    expect((await ask('coreos/ipxe/nobody')).status).toBe(404);
  });
});
