/** `/api/v1/assets`: any file under a name, streamed both ways. */

import { fail, ok, type Result } from '../../base/result.ts';
import { isLabelName, isLabelValue } from '../../inventory/machine.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import type { Answer, Exchange } from '../exchange.ts';
import { jsonAnswer } from '../go-json.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest, type Problem } from '../problems.ts';
import { carried } from './boot.ts';
import { actorOf, answerWith, byMethod, done, type Noun } from './noun.ts';

const optionPrefix = 'x-sabakan-asset-options-';
const badPath = badRequest('the path must be assets/<name> or assets/<name>/meta');

export function assetsNoun(deps: {
  readonly assets: Pxe['assets'];
  readonly serverName: string;
}): Noun {
  const { assets, serverName } = deps;

  const index = async (exchange: Exchange): Promise<Answer> => {
    const { kind } = assets.freshness();
    if (kind === 'live') return jsonAnswer(200, assets.names());
    const text = 'this server hears nothing from the store, so it may not know all assets';
    return v1Error(exchange, { kind: 'not-live', text });
  };

  const get = async (exchange: Exchange, name: string): Promise<Answer> => {
    const answer = await assets.get(exchange, name);
    return answer.ok ? carried(answer.value) : v1Error(exchange, answer.error);
  };

  const meta = async (exchange: Exchange, name: string): Promise<Answer> => {
    const found = await assets.meta(name);
    return found.ok ? jsonAnswer(200, found.value) : v1Error(exchange, found.error);
  };

  const put = async (exchange: Exchange, name: string): Promise<Answer> => {
    const asset = readAssetHeaders(exchange.headers);
    if (!asset.ok) return v1Error(exchange, asset.error);
    const body = exchange.body.stream();
    const stored = await assets.put({ name, ...asset.value }, body, actorOf(exchange, serverName));
    if (!stored.ok) return v1Error(exchange, stored.error);
    const status = stored.value.isNew ? 201 : 200;
    return jsonAnswer(status, { status, id: stored.value.id ?? '' });
  };

  return (path) => {
    // Sabakan does not look at the method here.
    if (path === 'assets') {
      return { name: '/api/v1/assets', handle: index };
    }
    if (!path.startsWith('assets/')) return undefined;
    const [, name = '', ...more] = path.split('/');
    const isMeta = more.length === 1 && more[0] === 'meta';
    const read =
      more.length === 0
        ? get
        : isMeta
          ? meta
          : async (exchange: Exchange) => v1Error(exchange, badPath);
    // PUT and DELETE ignore what follows the name, as Sabakan does.
    return byMethod(isMeta ? '/api/v1/assets/{name}/meta' : '/api/v1/assets/{name}', {
      GET: (exchange) => read(exchange, name),
      HEAD: (exchange) => read(exchange, name),
      PUT: (exchange) => put(exchange, name),
      DELETE: async (exchange) => {
        const removed = await assets.remove(name, actorOf(exchange, serverName));
        return answerWith(exchange, removed, done);
      },
    });
  };
}

/** What the headers say of an upload, in the order in which Sabakan looks at them. */
export function readAssetHeaders(headers: Exchange['headers']): Result<
  {
    readonly contentType: string;
    readonly sizeBytes: number;
    readonly sha256: string | undefined;
    readonly options: ReadonlyMap<string, string>;
  },
  Problem
> {
  const contentType = headers.get('content-type') ?? '';
  if (contentType === '') return fail(badRequest('the header Content-Type is missing'));
  if (headers.has('transfer-encoding')) {
    return fail({
      kind: 'length-missing',
      text: 'assets are not taken in chunks of unknown number',
    });
  }
  const sizeBytes = Number(headers.get('content-length') ?? 0);
  const sha256 = headers.get('x-sabakan-asset-sha256') || undefined;
  if (sha256 !== undefined && !/^([0-9a-f]{2})+$/i.test(sha256)) {
    const shown = JSON.stringify(sha256.slice(0, 100));
    return fail(badRequest(`bad checksum: ${shown} is not made of pairs of hexadecimal digits`));
  }
  const options = readOptions(headers);
  return options.ok ? ok({ contentType, sizeBytes, sha256, options: options.value }) : options;
}

function readOptions(headers: Exchange['headers']): Result<ReadonlyMap<string, string>, Problem> {
  const options = new Map<string, string>();
  for (const [name, value] of headers) {
    if (!name.startsWith(optionPrefix)) continue;
    const key = name.slice(optionPrefix.length);
    if (key === '') continue;
    if (!isLabelName(key)) return fail(badRequest(`invalid option key: ${key.slice(0, 100)}`));
    if (!isLabelValue(value)) {
      return fail(badRequest(`invalid value of option ${key}: ${value.slice(0, 100)}`));
    }
    options.set(key, value);
  }
  return ok(options);
}
