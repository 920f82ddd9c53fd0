/** `/api/v1/logs`: the audit log as JSON Lines. */

import type { Inventory } from '../../inventory/inventory.ts';
import { textAnswer } from '../exchange.ts';
import { goJsonText } from '../go-json.ts';
import { badRequest, v1Error } from '../problems.ts';
import { byMethod, type Noun } from './noun.ts';

export function logsNoun(deps: { readonly inventory: Pick<Inventory, 'auditLog'> }): Noun {
  const logs = byMethod('/api/v1/logs', {
    GET: async (exchange) => {
      const day = (name: string) => exchange.query.get(name) || undefined;
      const [since, until] = [day('since'), day('until')];
      for (const given of [since, until]) {
        if (given !== undefined && !isDay(given)) {
          return v1Error(exchange, badRequest(`"${given}" is not a day such as 20261121`));
        }
      }
      const records = await deps.inventory.auditLog(since, until);
      if (!records.ok) return v1Error(exchange, records.error);
      const text = records.value.map((record) => `${goJsonText(record)}\n`).join('');
      return textAnswer(200, 'application/json', text);
    },
  });
  return (path) => (path === 'logs' ? logs : undefined);
}

function isDay(text: string): boolean {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (parts === null) return false;
  const iso = `${parts[1]}-${parts[2]}-${parts[3]}`;
  const at = Date.parse(`${iso}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(iso);
}
