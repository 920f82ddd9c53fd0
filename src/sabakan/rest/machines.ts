/** `/api/v1/machines`: register, search, remove. */

import { fail, ok, type Result } from '../../base/result.ts';
import type { World } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { type Machine, parseNewMachines, type Serial } from '../../inventory/machine.ts';
import { parseRestQuery } from '../../inventory/query.ts';
import { type Answer, bytesAnswer, type Exchange, emptyAnswer } from '../exchange.ts';
import { goMembers } from '../go-json.ts';
import type { MachineList } from '../machine-list.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest, mistakesText, type Problem } from '../problems.ts';
import { whyNotWhole } from '../whole-truth.ts';
import { actorOf, answerWith, byMethod, done, type Noun, readJson } from './noun.ts';

/** 10,000 machines with labels are 5 MB. */
const registerBytesMax = 16 * 1024 * 1024;

const noMatch = { kind: 'not-found', text: 'no machine matches' } as const;

export function machinesNoun(deps: {
  readonly clock: World['clock'];
  readonly inventory: Inventory;
  readonly list: MachineList;
  readonly serverName: string;
}): Noun {
  const { clock, inventory, list, serverName } = deps;

  const get = async (exchange: Exchange): Promise<Answer> => {
    const doubt = whyNotWhole(inventory, listOf(exchange.query.get('serial')));
    if (doubt !== undefined) return v1Error(exchange, doubt);
    if ([...exchange.query.values()].every((value) => value === '')) return all(exchange);
    const found = search(exchange.query);
    if (!found.ok) return v1Error(exchange, found.error);
    if (found.value.length === 0) return v1Error(exchange, noMatch);
    await list.prepare(found.value);
    return bytesAnswer(200, 'application/json', list.encode(found.value, clock.now()));
  };

  /** Programs poll this one: prepared bytes, and 304 when they have them already. */
  const all = async (exchange: Exchange): Promise<Answer> => {
    const machines = inventory.machines();
    if (machines.length === 0) return v1Error(exchange, noMatch);
    const etag = list.tagOf(machines);
    const headers = { etag, 'cache-control': 'no-cache' };
    if (namesTag(exchange.headers.get('if-none-match'), etag)) return emptyAnswer(304, headers);
    await list.prepare(machines);
    return bytesAnswer(200, 'application/json', list.encodeAll(machines, clock.now()), headers);
  };

  const search = (parameters: ReadonlyMap<string, string>): Result<readonly Machine[], Problem> => {
    const parsed = parseRestQuery(parameters);
    if (!parsed.ok) {
      if (parsed.error.kind === 'contradiction') return fail(badRequest(parsed.error.text));
      // Sabakan finds the mistake when it looks at the first machine that the other parameters leave.
      const others = new Map([...parameters].filter(([name]) => !name.endsWith('labels')));
      const rest = parseRestQuery(others);
      const looked = rest.ok && inventory.search(rest.value.query).length > 0;
      return looked ? fail({ kind: 'failed', text: parsed.error.text }) : ok([]);
    }
    if (parsed.value.unknownOnly) return ok([]);
    const found = inventory.search(parsed.value.query);
    const serials = parsed.value.query.having?.serials ?? [];
    if (serials.length === 0) return ok(found);
    // In the order asked, as often as asked.
    const bySerial = new Map<string, Machine>(
      found.map((machine) => [machine.spec.serial, machine]),
    );
    return ok(serials.flatMap((serial) => bySerial.get(serial) ?? []));
  };

  const post = async (exchange: Exchange): Promise<Answer> => {
    const json = await readJson(exchange, registerBytesMax);
    if (!json.ok) return v1Error(exchange, json.error);
    const machines = parseNewMachines(asMachines(json.value));
    if (!machines.ok) return v1Error(exchange, badRequest(mistakesText(machines.error)));
    const registered = await inventory.register(machines.value, actorOf(exchange, serverName));
    return answerWith(
      exchange,
      registered,
      emptyAnswer(201, { 'content-type': 'application/json' }),
    );
  };

  const remove = async (exchange: Exchange): Promise<Answer> => {
    // `machines-of-ours` is read like `machines`, but names no machine.
    const [, serial = ''] = /^\/api\/v1\/machines\/(.*)$/s.exec(exchange.path) ?? [];
    if (serial === '') return v1Error(exchange, badRequest('serial is missing'));
    const removed = await inventory.remove(serial as Serial, actorOf(exchange, serverName));
    return answerWith(exchange, removed, done);
  };

  const fleet = byMethod('/api/v1/machines', { GET: get, POST: post, DELETE: remove });
  const one = byMethod('/api/v1/machines/{serial}', { GET: get, POST: post, DELETE: remove });
  // Whatever follows is ignored by GET and POST, as Sabakan does.
  return (path) => {
    if (!path.startsWith('machines')) return undefined;
    return path.startsWith('machines/') ? one : fleet;
  };
}

const machineMembers = ['serial', 'labels', 'rack', 'role', 'retire-date', 'bmc'];

/** Members are found in any case, as Go does; a null in the list crashes Sabakan, and is refused here. */
function asMachines(json: unknown): unknown {
  if (!Array.isArray(json)) return json;
  return json.map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
    const members = goMembers(item, machineMembers) as Readonly<Record<string, unknown>>;
    return { ...members, bmc: goMembers(members['bmc'], ['type']) };
  });
}

function listOf(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split(',');
}

function namesTag(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((tag) => tag.trim() === etag || tag.trim() === '*') ?? false;
}
