/**
 * Requests with an `Idempotency-Key` are carried out once, however often they are sent: the change commits a receipt
 * together with itself, and whoever sends the same again within a day hears the first answer.
 *
 * After draft-ietf-httpapi-idempotency-key-header: the same key with another request is refused with 422.
 */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Store } from '../../base/store.ts';
import type { Clock, Log } from '../../base/world.ts';
import { type Answer, emptyAnswer, textAnswer, utf8Text } from '../exchange.ts';
import { badRequest } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import type { Call, Endpoint, Once, Refusal } from './endpoint.ts';
import { createReceipts, type ReceiptRecord, receiptsPerDayMax } from './receipts.ts';

const keyCharactersMax = 255;
/** The first one may be under way still: its answer is waited for this long. */
const answerWithinMs = 2_000;
const lookAgainMs = 50;
/** Headers that belong to an answer, beside its body. */
const keptHeaders = ['content-type', 'etag', 'location'];

export function createOnce(deps: {
  readonly store: Pick<Store, 'get' | 'commit'>;
  readonly clock: Clock;
  readonly log: Log;
}): Once {
  const { clock, log } = deps;
  const receipts = createReceipts(deps);

  const again = async (
    endpoint: Endpoint,
    call: Call,
    name: string,
    asked: string,
    first: ReceiptRecord,
  ): Promise<Result<Answer, Refusal>> => {
    if (first.asked !== asked) return fail({ problem: reused });
    const untilMs = clock.monotonicMs() + answerWithinMs;
    let record: ReceiptRecord = first;
    while (!record.isAnswered && clock.monotonicMs() < untilMs) {
      await new Promise<void>((go) => clock.after(lookAgainMs, go));
      const found = await receipts.find(name);
      if (!found.ok) return fail({ problem: found.error });
      // The first one was refused in the end.
      if (found.value === undefined) return answerOnce(endpoint, call);
      record = found.value;
    }
    if (!record.isAnswered && endpoint.isPiecemeal?.(call) === true) {
      return fail({ problem: unfinished });
    }
    const answer = record.answer
      ? textOrNone(record.answer)
      : ((await endpoint.again?.(call)) ?? onlyRevision(endpoint, record));
    const headers = { ...answer.headers, 'idempotent-replayed': 'true' };
    return ok({ ...answer, headers });
  };

  const answerOnce: Once['answer'] = async (endpoint, call) => {
    const { exchange } = call;
    const given = exchange.headers.get('idempotency-key');
    const isWrite = endpoint.operation.method !== 'GET' && call.query.get('dryRun') !== 'true';
    if (given === undefined || !isWrite) return endpoint.handle(call);
    const key = readKey(given);
    if (!key.ok) return key;
    // Two people may think of the same key.
    const { user, token } = actorOf(exchange, '');
    const name = await sha256Hex(JSON.stringify([user, token ?? null, key.value]));
    const asked = await sha256Hex(whatIsAsked(endpoint, call));
    const known = await receipts.find(name);
    if (!known.ok) return fail({ problem: known.error });
    if (known.value !== undefined) return again(endpoint, call, name, asked, known.value);
    const begun = receipts.begin(name, asked);
    if (begun === undefined) return fail({ problem: full });
    const isPiecemeal = endpoint.isPiecemeal?.(call) === true;
    if (isPiecemeal) {
      const claimed = await receipts.claim(begun);
      if (!claimed.ok) return fail({ problem: claimed.error });
      if (!claimed.value) return answerOnce(endpoint, call);
    }
    const receipt = isPiecemeal ? {} : { receipt: begun };
    const result = await endpoint.handle({ ...call, exchange: { ...exchange, ...receipt } });
    if (!result.ok && isPiecemeal) {
      // Perhaps some of it was done.
      if (result.error.problem.kind === 'outcome-unknown') return result;
      const given = await receipts.giveBack(begun);
      if (!given.ok) log.warn('a receipt could not be taken back', { text: given.error.text });
      return result;
    }
    if (!result.ok) {
      if (result.error.problem.kind !== 'request-repeated') return result;
      const first = await receipts.find(name);
      if (!first.ok) return fail({ problem: first.error });
      if (first.value === undefined) return result;
      return again(endpoint, call, name, asked, first.value);
    }
    const { status, headers, body } = result.value;
    const text = body.kind === 'bytes' ? utf8Text(body.bytes) : '';
    const isKept = endpoint.isSecret !== true && body.kind !== 'stream' && status < 300;
    if (text === undefined || !isKept) return result;
    const kept = keptHeaders.flatMap((header) =>
      headers[header] === undefined ? [] : [[header, headers[header]] as const],
    );
    const answer = { status, headers: Object.fromEntries(kept), body: text };
    const done = await receipts.complete(begun, answer);
    if (!done.ok) log.warn('an answer could not be kept', { text: done.error.text });
    return result;
  };
  return { answer: answerOnce };
}

const reused = {
  kind: 'idempotency-key-reused',
  text: 'Idempotency-Key: another request came with it within the last day; a new request takes a new key',
} as const;
const full = {
  kind: 'idempotency-keys-full',
  text: `Idempotency-Key: this server has taken ${receiptsPerDayMax} of them today (UTC); ask another server, or send it without`,
} as const;

const unfinished = {
  kind: 'outcome-unknown',
  text: 'Idempotency-Key: the request that came with it first is under way still, or was cut off: ask again for its answer, or look at what it was to change, and send what is left with another key',
} as const;

/** A string of structured fields (RFC 9651 section 3.3.3) as the draft has it, or the same without quotes. */
function readKey(given: string): Result<string, Refusal> {
  const key = given.trim().replace(/^"(.*)"$/, '$1');
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= keyCharactersMax) return ok(key);
  const detail = `must be 1 to ${keyCharactersMax} visible ASCII characters, different for each request, such as a UUID`;
  const places = [{ parameter: 'Idempotency-Key', detail }];
  return fail({ problem: badRequest(`Idempotency-Key ${detail}`), places });
}

const ofUpload = ['content-type', 'content-length', 'content-digest', 'x-sha256'];

function whatIsAsked({ operation }: Endpoint, { exchange, query, body }: Call): string {
  const { path, headers } = exchange;
  // A body that is understood is compared by what it says; of an upload nothing more is known before its end.
  const about = ['if-match', 'if-none-match', 'prefer', ...(body === undefined ? ofUpload : [])];
  const said = about.map((name) => headers.get(name) ?? null);
  return JSON.stringify([operation.id, path, [...query].sort(), said, body ?? null]);
}

async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((octet) => octet.toString(16).padStart(2, '0')).join('');
}

function textOrNone({ status, headers, body }: NonNullable<ReceiptRecord['answer']>): Answer {
  if (body === '') return emptyAnswer(status, headers);
  const answer = textAnswer(status, 'application/json', body);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** It was done, and this is all that is known of it. */
function onlyRevision({ operation }: Endpoint, { revision }: ReceiptRecord): Answer {
  const { status, schema } = operation.answer;
  if (schema === undefined) return emptyAnswer(status);
  return textAnswer(status, 'application/json', `${JSON.stringify({ revision })}\n`);
}
