/** An operation as a command line, for whoever reads the API's description. */

import type { Operation } from '../contract/operation.ts';

/** `TETSU_SERVER` and `TETSU_TOKEN` are what the command line tool reads, too. */
export function curlExample(operation: Operation): string {
  const { method, path, body, bodyTypes, example, isConditional, answer } = operation;
  const place = path.replace(/\{([^}]+)\}/g, (_, name: string) => name.toUpperCase());
  const isStream = answer.mediaType === 'text/event-stream';
  const type = bodyTypes?.[0] ?? 'application/json';
  const lines = [
    `curl ${isStream ? '-sN' : '-s'}${method === 'GET' ? '' : ` -X ${method}`} "$TETSU_SERVER/api/v2${place}"`,
    '  -H "Authorization: Bearer $TETSU_TOKEN"',
    ...(isConditional === true ? ["  -H 'If-Match: *'"] : []),
    ...(method === 'GET' ? [] : ['  -H "Idempotency-Key: $(uuidgen)"']),
    ...(body === undefined ? [] : [`  -H 'Content-Type: ${type}'`, `  -d '${shown(example)}'`]),
  ];
  return lines.join(' \\\n');
}

function shown(example: unknown): string {
  // Ends the quotes, gives one of its own, begins again.
  return JSON.stringify(example ?? {}, null, 2).replaceAll("'", "'\\''");
}
