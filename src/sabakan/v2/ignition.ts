/**
 * Ignition documents without a boot. Reading is open, as it is at the address that booting machines ask, which gives
 * the same document to everybody; trying a template of one's own costs time here and is for those who may change
 * things.
 */

import { fail, ok, type Result } from '../../base/result.ts';
import type { Machine } from '../../inventory/machine.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import { previewIgnition, tryIgnition } from '../contract/ignition.ts';
import { type Answer, textAnswer } from '../exchange.ts';
import { badRequest } from '../problems.ts';
import type { Collection } from './collection.ts';
import type { Call, Endpoint, Refusal } from './endpoint.ts';

/** Sabakan's bound of template uploads. */
const templateBytesMax = 2 * 1024 * 1024;

type Templates = Pxe['templates'];
type Template = NonNullable<ReturnType<Templates['get']>>;

export function ignitionEndpoints(
  machines: Collection<Machine>,
  { templates, choose }: Pick<Pxe, 'templates' | 'choose'>,
): readonly Endpoint[] {
  const machineOf = ({ parameters }: Call): Result<Machine, Refusal> => {
    const serial = parameters.get('serial') ?? '';
    const found = machines.find(serial);
    if (!found.ok) return fail({ problem: found.error });
    if (found.value !== undefined) return ok(found.value);
    const text = `no machine has the serial ${serial}; upper and lower case matter`;
    return fail({ problem: { kind: 'not-found', text } });
  };

  const answerOf = (
    machine: Machine,
    id: string | null,
    template: Template,
  ): Result<Answer, Refusal> => {
    const rendered = templates.render(template, machine);
    if (rendered.ok) {
      const answer = textAnswer(200, 'application/json', rendered.value);
      const named = id === null ? {} : { 'x-tetsukan-template': id };
      return ok({ ...answer, headers: { ...answer.headers, ...named } });
    }
    const { member, line = null, expression = null, text } = rendered.error;
    const { serial, role } = machine.spec;
    const what = id === null ? 'the template' : `template ${id} of role ${role}`;
    return fail({
      problem: {
        kind: 'template-broken',
        text: `${what} does not render for machine ${serial}: ${text}`,
        template: { serial, id, member, line, expression },
      },
    });
  };

  return [
    {
      operation: previewIgnition,
      handle: async (call) => {
        const machine = machineOf(call);
        if (!machine.ok) return machine;
        const { role } = machine.value.spec;
        const asked = call.query.get('template');
        const { pinned, value } = choose(machine.value).template;
        const id = asked ?? pinned ?? value?.id;
        const template = id === undefined ? undefined : templates.get(role, id);
        if (id !== undefined && template !== undefined)
          return answerOf(machine.value, id, template);
        const text = `role ${role} has no template${id === undefined ? '' : ` ${id}`}`;
        return fail({ problem: { kind: 'template-unknown', text } });
      },
    },
    {
      operation: tryIgnition,
      bodyBytesMax: templateBytesMax,
      handle: async (call) => {
        const machine = machineOf(call);
        if (!machine.ok) return machine;
        const template = templates.parse(JSON.stringify(call.body));
        if (!template.ok) return fail({ problem: badRequest(template.error) });
        return answerOf(machine.value, null, template.value);
      },
    },
  ];
}
