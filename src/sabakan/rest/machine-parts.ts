/** `/api/v1/state`, `/api/v1/labels` and `/api/v1/retire-date`: one part of one machine. */

import { parseRfc3339, type Rfc3339 } from '../../base/time.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { parseMachineState } from '../../inventory/lifecycle.ts';
import { isLabelName, isLabelValue, type Serial } from '../../inventory/machine.ts';
import { textAnswer } from '../exchange.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest } from '../problems.ts';
import { whyNotWhole } from '../whole-truth.ts';
import { actorOf, answerWith, byMethod, done, type Noun, readText, refused } from './noun.ts';

const stateBytesMax = 128;
const labelBytesMax = 1024;
const dateBytesMax = 1024;

type Deps = { readonly inventory: Inventory; readonly serverName: string };

export function stateNoun({ inventory, serverName }: Deps): Noun {
  const name = '/api/v1/state/{serial}';
  return (path) => {
    if (!path.startsWith('state/')) return undefined;
    const serial = path.slice('state/'.length) as Serial;
    if (serial === '') return refused(name, badRequest('serial is missing'));
    return byMethod(name, {
      GET: async (exchange) => {
        const doubt = whyNotWhole(inventory, [serial]);
        if (doubt !== undefined) return v1Error(exchange, doubt);
        const machine = inventory.find(serial);
        if (machine === undefined) return v1Error(exchange, unknown(serial));
        return textAnswer(200, 'text/plain', machine.status.state);
      },
      PUT: async (exchange) => {
        const text = await readText(exchange, 'state', stateBytesMax, 'failed');
        if (!text.ok) return v1Error(exchange, text.error);
        const to = parseMachineState(text.value);
        if (!to.ok) return v1Error(exchange, badRequest(to.error));
        const actor = actorOf(exchange, serverName);
        const by = actor.user === '' ? actor.ip : actor.user;
        const why = { by, text: `set by ${by}`, evidence: [] };
        const set = await inventory.setState({ serial, to: to.value, why }, actor);
        return answerWith(exchange, set, done);
      },
    });
  };
}

export function labelsNoun({ inventory, serverName }: Deps): Noun {
  const name = '/api/v1/labels/{serial}/{label}';
  return (path) => {
    if (!path.startsWith('labels/')) return undefined;
    const rest = path.slice('labels/'.length);
    const cut = rest.indexOf('/');
    const serial = rest.slice(0, cut) as Serial;
    const label = rest.slice(cut + 1);
    if (cut < 0) return refused(name, badRequest('the path must be labels/<serial>/<label>'));
    if (!isLabelName(label)) return refused(name, badRequest('invalid label name'));
    return byMethod(name, {
      PUT: async (exchange) => {
        const value = await readText(exchange, 'label value', labelBytesMax, 'failed');
        if (!value.ok) return v1Error(exchange, value.error);
        if (!isLabelValue(value.value)) return v1Error(exchange, badRequest('invalid label value'));
        const actor = actorOf(exchange, serverName);
        return answerWith(
          exchange,
          await inventory.setLabel(serial, label, value.value, actor),
          done,
        );
      },
      DELETE: async (exchange) => {
        const actor = actorOf(exchange, serverName);
        return answerWith(exchange, await inventory.removeLabel(serial, label, actor), done);
      },
    });
  };
}

export function retireDateNoun({ inventory, serverName }: Deps): Noun {
  const name = '/api/v1/retire-date/{serial}';
  return (path) => {
    if (!path.startsWith('retire-date/')) return undefined;
    const serial = path.slice('retire-date/'.length) as Serial;
    if (serial === '') return refused(name, badRequest('serial is missing'));
    return byMethod(name, {
      PUT: async (exchange) => {
        const text = await readText(exchange, 'retire date', dateBytesMax, 'bad-request');
        if (!text.ok) return v1Error(exchange, text.error);
        // RFC 3339 allows small letters, Go's parser does not: what is stored must be readable by both.
        const date = parseRfc3339(text.value.trim().toUpperCase());
        if (!date.ok) return v1Error(exchange, badRequest(date.error));
        const set = await inventory.setRetireDate(
          serial,
          date.value satisfies Rfc3339,
          actorOf(exchange, serverName),
        );
        return answerWith(exchange, set, done);
      },
    });
  };
}

function unknown(serial: string) {
  return { kind: 'machine-unknown', serial, text: `no machine has the serial ${serial}` } as const;
}
