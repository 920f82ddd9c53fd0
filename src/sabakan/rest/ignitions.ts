/** `/api/v1/ignitions`: templates by role and version. */

import type { World } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { parseRole, type Role } from '../../inventory/machine.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import { type Answer, type Exchange, emptyAnswer } from '../exchange.ts';
import { goMembers, jsonAnswer } from '../go-json.ts';
import { parseJson } from '../json-text.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest, type Problem } from '../problems.ts';
import { tryTemplate } from '../template-trial.ts';
import { whySilent, whyUnknown } from '../whole-truth.ts';
import { actorOf, answerWith, done, type Noun, refused } from './noun.ts';

type Template = NonNullable<ReturnType<Pxe['templates']['get']>>;

/** Larger uploads are refused (Sabakan 3.1.9). */
const templateBytesMax = 2 * 1024 * 1024;
const copyName = 'the copy of templates';

export function ignitionsNoun(deps: {
  readonly inventory: Pick<Inventory, 'ipam' | 'search'>;
  readonly log: Pick<World['log'], 'warn'>;
  readonly templates: Pxe['templates'];
  readonly serverName: string;
}): Noun {
  const { inventory, log, templates, serverName } = deps;
  const name = '/api/v1/ignitions/{role}/{id}';

  return (path) => {
    if (!path.startsWith('ignitions/')) return undefined;
    const segments = path.slice('ignitions/'.length).split('/');
    const [roleText = '', id] = segments;
    const role = parseRole(roleText);
    if (!role.ok) return refused(name, badRequest(`invalid role name: ${roleText}`));
    if (segments.length > 2) return refused(name, badRequest(''));
    if (id === undefined) {
      return {
        name: '/api/v1/ignitions/{role}',
        handle: async (exchange) => {
          if (exchange.method !== 'GET') return v1Error(exchange, badRequest(''));
          const doubt = whySilent(templates, copyName);
          if (doubt !== undefined) return v1Error(exchange, doubt);
          const ids = templates.ids(role.value);
          return jsonAnswer(200, ids.length === 0 ? null : ids);
        },
      };
    }
    if (!templates.isId(id))
      return refused(
        name,
        badRequest(`invalid ignition id: ${id}: it must be a version such as 1.0.0`),
      );
    return { name, handle: (exchange) => one(exchange, role.value, id) };
  };

  async function one(exchange: Exchange, role: Role, id: string): Promise<Answer> {
    switch (exchange.method) {
      case 'GET': {
        const doubt = whyUnknown(templates, `ignitions/${role}/${id}`, copyName);
        if (doubt !== undefined) return v1Error(exchange, doubt);
        const template = templates.get(role, id);
        if (template !== undefined) return jsonAnswer(200, template);
        const text = `role ${role} has no template ${id}`;
        return v1Error(exchange, { kind: 'template-unknown', text });
      }
      case 'PUT':
        return put(exchange, role, id);
      case 'DELETE': {
        const removed = await templates.remove(role, id, actorOf(exchange, serverName));
        return answerWith(exchange, removed, done);
      }
      default:
        return v1Error(exchange, badRequest(''));
    }
  }

  async function put(exchange: Exchange, role: Role, id: string): Promise<Answer> {
    const body = await exchange.body.read(templateBytesMax);
    const invalid = (why: string): Problem => badRequest(`invalid request body: ${why}`);
    if (!body.ok) return v1Error(exchange, invalid(body.error.text));
    const json = parseJson(body.value);
    if (!json.ok) return v1Error(exchange, invalid(json.error));
    const members = goMembers(json.value, ['version', 'template', 'meta']);
    const template = templates.parse(JSON.stringify(members));
    if (!template.ok) return v1Error(exchange, invalid(template.error));
    const actor = actorOf(exchange, serverName);
    const stored = await templates.put(role, id, template.value, inventory.ipam(), actor);
    if (!stored.ok && stored.error.kind === 'template-invalid') {
      return v1Error(exchange, badRequest(`invalid template: ${stored.error.text}`));
    }
    const warning = stored.ok
      ? (whyNotBooting(role, id, template.value) ?? templates.whyUnverified(template.value))
      : undefined;
    const headers = warning === undefined ? {} : { 'x-tetsukan-warning': headerText(warning) };
    return answerWith(exchange, stored, emptyAnswer(201, headers));
  }

  /** Sabakan tries a template with an example machine, which has no labels; real ones may fail where it does not. */
  function whyNotBooting(role: Role, id: string, template: Template): string | undefined {
    const [problem] = tryTemplate(templates, inventory, role, template).problems;
    if (problem === undefined) return undefined;
    const { serial, text } = problem;
    log.warn('a new template fails for a machine', { role, id, serial, text });
    return `does not render for machine ${serial}: ${text}`;
  }
}

const warningCharactersMax = 500;

/** In the characters a header may have. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, warningCharactersMax);
}
