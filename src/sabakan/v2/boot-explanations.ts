/** Explanations of boots. */

import { fail, ok } from '../../base/result.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import { type BootExplanationV2, explainBoot } from '../contract/boot-explanation.ts';
import { badRequest } from '../problems.ts';
import { whyNotRead } from '../whole-truth.ts';
import { json } from './collection-endpoints.ts';
import type { Endpoint } from './endpoint.ts';

export type BootExplanationDeps = {
  readonly inventory: Pick<Inventory, 'freshness' | 'broken'>;
  readonly pxe: Pick<Pxe, 'explainBoot'>;
};

export function bootExplanationEndpoint({ inventory, pxe }: BootExplanationDeps): Endpoint {
  return {
    operation: explainBoot,
    handle: async ({ parameters, query }) => {
      const doubt = whyNotRead(inventory, 'the inventory');
      if (doubt !== undefined) return fail({ problem: doubt });
      const explained = pxe.explainBoot({
        of: parameters.get('machine') ?? '',
        arch: query.get('arch'),
        firmware: query.get('firmware'),
      });
      if (!explained.ok) return fail({ problem: badRequest(explained.error) });
      const { of, serial = null, mac = null, boots, steps } = explained.value;
      const shown: BootExplanationV2 = {
        ...{ of, serial: serial ?? null, mac: mac ?? null, boots },
        steps: steps.map(({ step, value, says, because, problem }) => ({
          ...{ step, value: value ?? null, says, because: because ?? null },
          problem: problem ?? null,
        })),
      };
      return ok(json(shown));
    },
  };
}
