/** Whether machines of a role can boot with a template: a few of them are tried. */

import type { Inventory } from '../inventory/inventory.ts';
import type { Role } from '../inventory/machine.ts';
import type { Pxe } from '../pxe/pxe.ts';

type Templates = Pick<Pxe['templates'], 'render'>;
type Template = Parameters<Templates['render']>[0];

export type Trial = {
  readonly tried: number;
  readonly problems: readonly { readonly serial: string; readonly text: string }[];
};

/** Each may take a good part of a second. */
const machinesTriedMax = 5;

/** Up to the first that fails: the others would say the same. */
export function tryTemplate(
  templates: Templates,
  inventory: Pick<Inventory, 'search'>,
  role: Role,
  template: Template,
): Trial {
  const machines = inventory.search({ having: { roles: [role] } }).slice(0, machinesTriedMax);
  for (const [at, machine] of machines.entries()) {
    const rendered = templates.render(template, machine);
    if (rendered.ok) continue;
    const { serial } = machine.spec;
    return { tried: at + 1, problems: [{ serial, text: rendered.error.text }] };
  }
  return { tried: machines.length, problems: [] };
}
