/** `/api/v1/logs`: the audit log as JSON Lines, a day at a time: 60 days of a large fleet do not fit into memory. */

import type { Result } from '../../base/result.ts';
import type { StoreProblem } from '../../base/store.ts';
import type { AuditRecord } from '../../inventory/audit.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { type Answer, textAnswer } from '../exchange.ts';
import { goJsonText } from '../go-json.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest } from '../problems.ts';
import { byMethod, type Noun } from './noun.ts';

const utf8 = new TextEncoder();

export function logsNoun(deps: { readonly inventory: Pick<Inventory, 'auditPages'> }): Noun {
  const logs = byMethod('/api/v1/logs', {
    GET: async (exchange) => {
      const day = (name: string) => exchange.query.get(name) || undefined;
      const [since, until] = [day('since'), day('until')];
      for (const given of [since, until]) {
        if (given !== undefined && !isDay(given)) {
          return v1Error(exchange, badRequest(`"${given}" is not a day such as 20261121`));
        }
      }
      const pages = deps.inventory.auditPages(since, until)[Symbol.asyncIterator]();
      const first = await pages.next();
      if (first.done === true) return textAnswer(200, 'application/json', '');
      // Once the status is out, a problem can only break the answer off.
      if (!first.value.ok) return v1Error(exchange, first.value.error);
      const second = await pages.next();
      const text = linesOf(first.value.value);
      if (second.done === true) return textAnswer(200, 'application/json', text);
      return streamOf(text, second.value, pages);
    },
  });
  return (path) => (path === 'logs' ? logs : undefined);
}

type Page = Result<readonly AuditRecord[], StoreProblem>;

function streamOf(text: string, second: Page, rest: AsyncIterator<Page>): Answer {
  const open = async function* () {
    yield utf8.encode(text);
    for (let page: Page | undefined = second; page !== undefined; ) {
      if (!page.ok) throw new Error(page.error.text);
      yield utf8.encode(linesOf(page.value));
      const next: IteratorResult<Page, unknown> = await rest.next();
      page = next.done === true ? undefined : next.value;
    }
  };
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: { kind: 'stream', open },
  };
}

function linesOf(records: readonly AuditRecord[]): string {
  return records.map((record) => `${goJsonText(sabakans(record))}\n`).join('');
}

/** Sabakan's members and no others; version 2 has the rest. */
function sabakans(record: AuditRecord): unknown {
  const { ts, rev, user, ip, host, category, instance, action, detail } = record;
  return { ts, rev, user, ip, host, category, instance, action, detail };
}

function isDay(text: string): boolean {
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (parts === null) return false;
  const iso = `${parts[1]}-${parts[2]}-${parts[3]}`;
  const at = Date.parse(`${iso}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(iso);
}
