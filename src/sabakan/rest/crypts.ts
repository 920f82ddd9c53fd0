/** `/api/v1/crypts`: disk encryption keys. On the TLS listener alone: see `face.ts`. */

import { diskKeyBytesMax, isNowhere, whyUnsafeSegment } from '../../inventory/disk-key.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Serial } from '../../inventory/machine.ts';
import { type Answer, bytesAnswer, type Exchange } from '../exchange.ts';
import { jsonAnswer } from '../go-json.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest } from '../problems.ts';
import { actorOf, byMethod, type Noun } from './noun.ts';

type Handle = (exchange: Exchange) => Promise<Answer>;

export function cryptsNoun(deps: {
  readonly inventory: Pick<Inventory, 'putDiskKey' | 'diskKey' | 'deleteDiskKeys'>;
  readonly serverName: string;
}): Noun {
  const { inventory, serverName } = deps;

  const get: Handle = async (exchange) => {
    const [serial = '', path = '', ...more] = segmentsOf(exchange);
    // A key that may exist is never called unknown, so what has no address is a bad request instead.
    if (more.length > 0 || isNowhere(serial) || isNowhere(path)) return wrongAddress(exchange);
    const key = await inventory.diskKey(serial as Serial, path);
    if (!key.ok) return v1Error(exchange, key.error);
    if (key.value === undefined) {
      const text = `${serial} has no disk key at ${path}`;
      return v1Error(exchange, { kind: 'disk-key-unknown', text });
    }
    const headers = { 'cache-control': 'no-store' };
    return bytesAnswer(200, 'application/octet-stream', key.value, headers);
  };

  const put: Handle = async (exchange) => {
    const [serial = '', path = '', ...more] = segmentsOf(exchange);
    if (more.length > 0) return wrongAddress(exchange);
    const unsafe = whyUnsafeSegment(serial, 'serial') ?? whyUnsafeSegment(path, 'path');
    if (unsafe !== undefined) return v1Error(exchange, badRequest(unsafe));
    const body = await exchange.body.read(diskKeyBytesMax);
    if (!body.ok && body.error.kind === 'body-too-large') {
      const text = `the key is longer than ${diskKeyBytesMax} bytes`;
      return v1Error(exchange, { kind: 'disk-key-too-large', text });
    }
    if (!body.ok) return v1Error(exchange, body.error);
    if (body.value.length === 0) return v1Error(exchange, badRequest('the key is empty'));
    const actor = actorOf(exchange, serverName);
    const stored = await inventory.putDiskKey(serial as Serial, path, body.value, actor);
    return stored.ok ? jsonAnswer(201, { path, status: 201 }) : v1Error(exchange, stored.error);
  };

  const remove: Handle = async (exchange) => {
    const [serial = '', ...more] = segmentsOf(exchange);
    // Sabakan ignores what follows, so that who means to delete one key deletes all.
    if (more.length > 0) {
      const text = 'the path must be crypts/<serial>: all keys of a machine are deleted together';
      return v1Error(exchange, badRequest(text));
    }
    // A machine that Sabakan took under a serial we would not take must be able to go.
    if (isNowhere(serial))
      return v1Error(exchange, badRequest('serial must not be empty, . or ..'));
    const deleted = await inventory.deleteDiskKeys(serial as Serial, actorOf(exchange, serverName));
    return deleted.ok ? jsonAnswer(200, deleted.value.paths) : v1Error(exchange, deleted.error);
  };

  const route = byMethod('/api/v1/crypts/{serial}/{path}', { GET: get, PUT: put, DELETE: remove });
  return (path) => (path.startsWith('crypts/') ? route : undefined);
}

function segmentsOf({ path }: Exchange): readonly string[] {
  return path.slice('/api/v1/crypts/'.length).split('/');
}

function wrongAddress(exchange: Exchange): Answer {
  return v1Error(exchange, badRequest('the path must be crypts/<serial>/<path>'));
}
