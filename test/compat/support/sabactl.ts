/**
 * sabactl as its users and scripts see it: command line in, output and exit code out, and between them exactly the
 * requests that Sabakan 3.1.9's sabactl sends (7.1). The environment variable SABACTL names a real one to run instead.
 */

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { tarOf } from '../../support/tar.ts';
import { type Answer, clientOf, type How } from './client.ts';
import { buildIgnition } from './ignition-source.ts';

export type Ran = { readonly code: number; readonly out: string; readonly err: string };
export type Sabactl = (...args: readonly string[]) => Promise<Ran>;

type Servers = { readonly server: string; readonly tlsServer: string };

/** The real program. */
export function realSabactl(binary: string, { server, tlsServer }: Servers): Sabactl {
  return (...args) =>
    new Promise((resolve, reject) => {
      const global = ['--server', server, '--tls-server', tlsServer, '--insecure'];
      const child = spawn(binary, [...global, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      let [out, err] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        err += text;
      });
      child.once('error', reject);
      child.once('close', (code) => resolve({ code: code ?? 1, out, err }));
    });
}

/** Our model of it. */
export function modelledSabactl({ server, tlsServer }: Servers): Sabactl {
  const user = userInfo().username;
  const through =
    (url: string) =>
    async (what: string, how: How = {}): Promise<Answer> => {
      const [method = '', path = ''] = what.split(' ');
      const headers = {
        ...{ 'user-agent': 'Go-http-client/1.1', 'x-sabakan-user': user },
        ...{ 'accept-encoding': 'gzip', ...how.headers },
      };
      const answer = await clientOf(url)(`${method} /api/v1/${path}`, { ...how, headers });
      if (answer.status >= 400) throw new Refusal(answer);
      return answer;
    };
  const call: Call = { plain: through(server), tls: through(tlsServer) };
  return async (...args) => {
    try {
      return { code: 0, out: await run(call, args), err: '' };
    } catch (error) {
      if (error instanceof Stopped) return { code: error.code, out: '', err: `${error.message}\n` };
      throw error;
    }
  };
}

class Stopped extends Error {
  readonly code: number;
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** 14 for 404, 19 for 409, 4 for others of the 400s, 5 for the 500s. */
class Refusal extends Stopped {
  constructor({ status, text }: Answer) {
    const code = status === 404 ? 14 : status === 409 ? 19 : status < 500 ? 4 : 5;
    super(code, `Error: ${status}: ${reasonOf(text)}`);
  }
}

/** Of a body that is no JSON, the body. */
function reasonOf(text: string): string {
  try {
    return String(JSON.parse(text).error);
  } catch {
    return text;
  }
}

type Ask = (what: string, how?: How) => Promise<Answer>;
type Call = { readonly plain: Ask; readonly tls: Ask };
type Command = (call: Call, args: readonly string[]) => Promise<string>;

const filterNames = ['serial', 'rack', 'role', 'labels', 'ipv4', 'ipv6', 'bmc-type', 'state'];
const allFilters = filterNames.flatMap((name) => [name, `without-${name}`]);

const silent = async (asked: Promise<Answer>): Promise<string> => {
  await asked;
  return '';
};
const indented = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const shown = async (asked: Promise<Answer>): Promise<string> => indented((await asked).json);

function config(name: 'ipam' | 'dhcp'): Readonly<Record<string, Command>> {
  return {
    get: ({ plain }) => shown(plain(`GET config/${name}`)),
    set: async ({ plain }, args) => {
      // sabactl reads the file into a record and sends that: every member, in JSON as Go writes it.
      const body = `${JSON.stringify(JSON.parse(await fileOf(args)))}\n`;
      return silent(plain(`PUT config/${name}`, { body }));
    },
  };
}

const commands: Readonly<Record<string, Command | Readonly<Record<string, Command>>>> = {
  ipam: config('ipam'),
  dhcp: config('dhcp'),
  machines: {
    create: async ({ plain }, args) => {
      const specs = JSON.parse(await fileOf(args)).map(wholeSpec);
      return silent(plain('POST machines', { body: `${JSON.stringify(specs)}\n` }));
    },
    get: async ({ plain }, args) => {
      const options = Object.fromEntries(allFilters.map((name) => [name, { type: 'string' }]));
      const { values } = parseArgs({
        args: [...args],
        options: { ...options, output: { type: 'string', short: 'o', default: 'json' } } as never,
      });
      const given = values as Readonly<Record<string, string>>;
      const query = new URLSearchParams(
        [...allFilters].sort().map((name): [string, string] => [name, given[name] ?? '']),
      );
      const { json } = await plain(`GET machines?${query}`);
      if (given['output'] === 'json') return indented(json);
      if (given['output'] !== 'simple') throw new Stopped(1, 'Error: unknown output format');
      return tableOf(json);
    },
    remove: ({ plain }, [serial]) => silent(plain(`DELETE machines/${serial}`)),
    'get-state': async ({ plain }, [serial]) => `${(await plain(`GET state/${serial}`)).text}\n`,
    'set-state': ({ plain }, [serial, state = '']) =>
      silent(plain(`PUT state/${serial}`, { body: state.toLowerCase() })),
    'set-label': ({ plain }, [serial, name, value]) =>
      silent(plain(`PUT labels/${serial}/${name}`, { body: value ?? '' })),
    'remove-label': ({ plain }, [serial, name]) => silent(plain(`DELETE labels/${serial}/${name}`)),
    'set-retire-date': ({ plain }, [serial, day = '']) => {
      if (!/^\d{4}-\d\d-\d\d$/.test(day)) throw new Stopped(1, `Error: no date: ${day}`);
      return silent(plain(`PUT retire-date/${serial}`, { body: `${day}T00:00:00Z` }));
    },
  },
  images: {
    index: ({ plain }) => shown(plain('GET images/coreos')),
    upload: async ({ plain }, [id, kernel = '', initrd = '']) => {
      const body = tarOf([
        ['kernel', await readFile(kernel)],
        ['initrd.gz', await readFile(initrd)],
      ]);
      return silent(plain(`PUT images/coreos/${id}`, { body }));
    },
    delete: ({ plain }, [id]) => silent(plain(`DELETE images/coreos/${id}`)),
  },
  assets: {
    index: ({ plain }) => shown(plain('GET assets')),
    info: ({ plain }, [name]) => shown(plain(`GET assets/${name}/meta`)),
    upload: async ({ plain }, args) => {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: { meta: { type: 'string', default: '' } },
      });
      const [name, file = ''] = positionals;
      const meta = values.meta === '' ? [] : values.meta.split(',').map((pair) => pair.split('='));
      const headers = {
        ...{ 'content-type': contentTypeOf(file), expect: '100-continue' },
        ...Object.fromEntries(
          meta.map(([key, value]) => [`X-Sabakan-Asset-Options-${key}`, value ?? '']),
        ),
      };
      return shown(plain(`PUT assets/${name}`, { body: await readFile(file), headers }));
    },
    delete: ({ plain }, [name]) => silent(plain(`DELETE assets/${name}`)),
  },
  ignitions: {
    get: async ({ plain }, [role, id]) => {
      if (id === undefined) {
        return `${JSON.stringify((await plain(`GET ignitions/${role}`)).json)}\n`;
      }
      return shown(plain(`GET ignitions/${role}/${id}`));
    },
    set: async ({ plain }, args) => {
      const { values, positionals } = parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          file: { type: 'string', short: 'f', default: '' },
          meta: { type: 'string' },
          json: { type: 'boolean', default: false },
        },
      });
      const [role, id] = positionals;
      const meta =
        values.meta === undefined ? null : JSON.parse(await readFile(values.meta, 'utf8'));
      const body = values.json
        ? JSON.parse(await readFile(values.file, 'utf8'))
        : { ...(await buildIgnition(values.file)), meta };
      return silent(plain(`PUT ignitions/${role}/${id}`, { body }));
    },
    delete: ({ plain }, [role, id]) => silent(plain(`DELETE ignitions/${role}/${id}`)),
  },
  'kernel-params': {
    get: async ({ plain }) => `${(await plain('GET kernel_params/coreos')).text}\n`,
    set: ({ plain }, [params = '']) => silent(plain('PUT kernel_params/coreos', { body: params })),
  },
  crypts: {
    delete: async ({ tls }, args) => {
      const serial = args.find((arg) => arg !== '--force');
      if (!args.includes('--force')) throw new Stopped(1, 'Error: add --force to delete keys');
      return silent(tls(`DELETE crypts/${serial}`));
    },
  },
  logs: async ({ plain }, args) => {
    const [start, end = start && nextDay(start)] = args.filter((arg) => arg !== '--json');
    const query = new URLSearchParams({
      ...(start === undefined ? {} : { since: start }),
      ...(end === undefined ? {} : { until: end }),
    });
    const { text } = await plain(`GET logs?${query}`);
    return args.includes('--json') ? text : text.replace(/[^\n]+/g, (line) => logLine(line));
  },
};

async function run(call: Call, [name = '', ...rest]: readonly string[]): Promise<string> {
  const found = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (found === undefined) throw new Stopped(2, `Error: unknown command "${name}"`);
  if (typeof found === 'function') return found(call, rest);
  const [sub, ...args] = rest;
  if (sub === undefined) return 'help\n';
  const command = Object.hasOwn(found, sub) ? found[sub] : undefined;
  if (command === undefined) throw new Stopped(2, `Error: unknown command "${sub}"`);
  return command(call, args);
}

function fileOf(args: readonly string[]): Promise<string> {
  const { values } = parseArgs({
    args: [...args],
    options: { file: { type: 'string', short: 'f', default: '' } },
  });
  return readFile(values.file, 'utf8');
}

/** Go writes every member of the record; what the file leaves out is its zero, the year 1 for times. */
function wholeSpec(given: Readonly<Record<string, unknown>>): object {
  const year1 = '0001-01-01T00:00:00Z';
  return {
    ...{ serial: '', labels: null, rack: 0, 'index-in-rack': 0, role: '', ipv4: null, ipv6: null },
    ...{ 'register-date': year1, 'retire-date': year1 },
    ...given,
    bmc: { ipv4: '', ipv6: '', type: '', ...(given['bmc'] as object | undefined) },
  };
}

type Shown = {
  readonly spec: {
    readonly serial: string;
    readonly rack: number;
    readonly role: string;
    readonly ipv4: readonly string[];
    readonly bmc: { readonly type: string };
  };
  readonly status: { readonly state: string };
};

function tableOf(machines: readonly Shown[]): string {
  const rows = machines.map(({ spec, status }) => [
    ...[spec.serial, String(spec.rack), spec.role, status.state, spec.ipv4[0], spec.bmc.type],
  ]);
  const head = ['Serial', 'Rack', 'Role', 'State', 'IPv4', 'BMC'];
  return [head, ...rows].map((row) => `${row.join('\t')}\n`).join('');
}

/** From the extension, else from the first 512 bytes, padded with zeros: which no text has. */
function contentTypeOf(file: string): string {
  if (file.endsWith('.txt')) return 'text/plain; charset=utf-8';
  return file.endsWith('.json') ? 'application/json' : 'application/octet-stream';
}

function nextDay(day: string): string {
  const ms = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);
  if (Number.isNaN(ms)) throw new Stopped(1, `Error: no date: ${day}`);
  return new Date(ms + 24 * 3_600_000).toISOString().slice(0, 10).replaceAll('-', '');
}

function logLine(line: string): string {
  const { ts, user, ip, category, instance, action, detail } = JSON.parse(line);
  const [, month, day, time] = /-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(ts) ?? [];
  const short = detail.replaceAll('\n', ' ').slice(0, 20);
  return `${month}-${day} ${time} ${user}@${ip} ${category}/${instance} ${action} detail:${short}`;
}
