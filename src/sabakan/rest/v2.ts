/** `/api/v2`: what version 1 lacks. Errors are RFC 9457 problem documents. */

import type { Serial } from '../../inventory/machine.ts';
import type { Answer, Exchange, Route } from '../exchange.ts';
import { textAnswer } from '../exchange.ts';
import { type Problem, problemDetails, unknownPath, wrongMethod } from '../problems.ts';
import { published } from '../published.ts';
import { machineView, type PlanReader, planJson, type ViewParts } from '../v2-views.ts';

export function v2Route(
  path: string,
  parts: ViewParts & { readonly status: () => unknown; readonly currentPlan: PlanReader },
): Route {
  if (path === 'plan') return reading('/api/v2/plan', () => plan(parts.currentPlan));
  if (path === 'status') return reading('/api/v2/status', async () => published(parts.status()));
  if (path.startsWith('machines/')) {
    const serial = path.slice('machines/'.length);
    return reading('/api/v2/machines/{serial}', async () => {
      const view = await machineView(parts, parts.currentPlan, serial as Serial);
      return view ?? new Refusal({ kind: 'machine-unknown', serial, text: unknown(serial) });
    });
  }
  return {
    name: '/api/v2/{unknown}',
    handle: async (exchange) => problemDetails(exchange, unknownPath(exchange.path)),
  };
}

class Refusal {
  readonly problem: Problem;
  constructor(problem: Problem) {
    this.problem = problem;
  }
}

async function plan(currentPlan: PlanReader): Promise<unknown> {
  const view = await currentPlan();
  if (view !== undefined) return planJson(view);
  const text = 'there is no plan: this server has no `cluster` in its configuration';
  return new Refusal({ kind: 'not-found', text });
}

function reading(name: string, view: () => Promise<unknown>): Route {
  const handle = async (exchange: Exchange): Promise<Answer> => {
    if (exchange.method !== 'GET') return problemDetails(exchange, wrongMethod('GET'));
    const shown = await view();
    if (shown instanceof Refusal) return problemDetails(exchange, shown.problem);
    return textAnswer(200, 'application/json', `${JSON.stringify(shown)}\n`);
  };
  return { name, handle };
}

function unknown(serial: string): string {
  return `no machine has the serial ${serial}; upper and lower case matter`;
}
