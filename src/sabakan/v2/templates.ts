/** Ignition templates: the noun and its writes. */

import type { Kept } from '../../base/records.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { absent, type Revision } from '../../base/store.ts';
import type { Clock } from '../../base/world.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { parseRole, type Role } from '../../inventory/machine.ts';
import type { TemplateDesk } from '../../pxe/desks.ts';
import type { Pxe } from '../../pxe/pxe.ts';
import type { templateColumns } from '../contract/columns.ts';
import {
  deleteTemplate,
  type NewTemplateV2,
  putTemplate,
  type TemplateDetailV2,
  type TemplateV2,
  templateReads,
} from '../contract/template.ts';
import { emptyAnswer } from '../exchange.ts';
import { badRequest } from '../problems.ts';
import { actorOf } from '../rest/noun.ts';
import { tryTemplate } from '../template-trial.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';
import { json, nameIn } from './collection-endpoints.ts';
import type { Call, Endpoint, Refusal } from './endpoint.ts';
import { isDryRun, readDeleteTerms, readUploadTerms } from './put-terms.ts';
import { recordCollection } from './record-collection.ts';

export type TemplatePartDeps = {
  readonly clock: Clock;
  readonly serverName: string;
  readonly inventory: Pick<Inventory, 'ipam' | 'search'>;
  readonly pxe: Pick<Pxe, 'templates'>;
};

type Template = NonNullable<ReturnType<TemplateDesk['get']>>;
type Row = {
  readonly role: Role;
  readonly id: string;
  readonly template: Template;
  readonly revision: Revision;
  readonly boots: boolean;
};

const key = 'role/id';
/** Sabakan's bound of template uploads. */
const templateBytesMax = 2 * 1024 * 1024;

const columns: Readonly<Record<keyof typeof templateColumns, Omit<Column<Row>, 'name'>>> = {
  role: { text: ({ role }) => role },
  id: { text: ({ id }) => id },
  ignitionVersion: { text: ({ template }) => template.version },
  boots: { text: ({ boots }) => String(boots) },
};

export function templatePart(deps: TemplatePartDeps): ApiPart {
  const { clock, serverName, inventory, pxe } = deps;
  const { templates } = pxe;
  const collection = templateCollection(deps);
  return collectionPart(templateReads, collection, key, clock, [
    {
      operation: putTemplate,
      bodyBytesMax: templateBytesMax,
      handle: async (call) => {
        const { exchange, parameters, query, body } = call;
        const place = placeOf(templates, call);
        if (!place.ok) return place;
        const { role, id } = place.value;
        const terms = readUploadTerms(exchange, query);
        if (!terms.ok) return terms;
        const { ignitionVersion: version, template: document, meta = null } = body as NewTemplateV2;
        const template = templates.parse(JSON.stringify({ version, template: document, meta }));
        if (!template.ok) return fail({ problem: badRequest(template.error) });
        const actor = actorOf(exchange, serverName);
        const ipam = inventory.ipam();
        const put = await templates.put(role, id, template.value, ipam, actor, terms.value);
        if (!put.ok) return fail({ problem: put.error });
        const found = collection.find(nameIn(parameters, key));
        const boots = templates.inOrder([...templates.ids(role), id]).at(-1) === id;
        const revision = isDryRun(query) ? absent : put.value.revision;
        const row = found.ok ? found.value : undefined;
        const shown: Row = row ?? { role, id, template: template.value, revision, boots };
        const answer = json(detailOf(deps, shown), { etag: `"${shown.revision}"` });
        return ok({ ...answer, status: 201 });
      },
    },
    deletion(deps),
  ]);
}

function deletion({ serverName, pxe: { templates } }: TemplatePartDeps): Endpoint {
  return {
    operation: deleteTemplate,
    handle: async (call) => {
      const { exchange, query } = call;
      const place = placeOf(templates, call);
      if (!place.ok) return place;
      const { role, id } = place.value;
      const terms = readDeleteTerms(exchange, query);
      if (!terms.ok) return terms;
      const actor = actorOf(exchange, serverName);
      const gone = await templates.remove(role, id, actor, terms.value);
      return gone.ok ? ok(emptyAnswer(204)) : fail({ problem: gone.error });
    },
  };
}

export function templateCollection(deps: Omit<TemplatePartDeps, 'clock'>): Collection<Row> {
  const { templates } = deps.pxe;
  return recordCollection<Template, Row>({
    noun: 'templates',
    copy: 'the copy of templates',
    records: templates.records,
    made: (kept) => rowsOf(kept, templates.inOrder),
    columns,
    nameOf: ({ role, id }) => `${role}/${id}`,
    revisionOf: ({ revision }) => revision,
    stampOf: ({ revision, boots }) => `${revision} ${boots}`,
    toJson: templateJson,
    detail: (row) => detailOf(deps, row),
  });
}

/** Roles in order, within each the version that boots last. */
function rowsOf(
  kept: ReadonlyMap<string, Kept<Template>>,
  inOrder: TemplateDesk['inOrder'],
): readonly Row[] {
  const places = [...kept.keys()].map((path) => path.split('/', 3));
  const byRole = Map.groupBy(places, ([, role = '']) => role);
  return [...byRole].flatMap(([role, all]) => {
    const ids = inOrder(all.map(([, , id = '']) => id));
    return ids.flatMap((id, at) => {
      const found = kept.get(`ignitions/${role}/${id}`);
      if (found === undefined) return [];
      const { value: template, revision } = found;
      return [{ role: role as Role, id, template, revision, boots: at === ids.length - 1 }];
    });
  });
}

function templateJson({ role, id, template, revision, boots }: Row): TemplateV2 {
  const { version: ignitionVersion } = template;
  return { name: `${role}/${id}`, role, id, revision, ignitionVersion, boots };
}

function detailOf(
  { inventory, pxe: { templates } }: Omit<TemplatePartDeps, 'clock'>,
  row: Row,
): TemplateDetailV2 {
  const { template, meta } = row.template;
  const { tried, problems } = tryTemplate(templates, inventory, row.role, row.template);
  return { ...templateJson(row), template, meta, renders: { tried, problems: [...problems] } };
}

function placeOf(
  templates: Pick<TemplateDesk, 'isId'>,
  { parameters }: Call,
): Result<{ readonly role: Role; readonly id: string }, Refusal> {
  const role = parseRole(parameters.get('role') ?? '');
  const id = parameters.get('id') ?? '';
  if (!role.ok) return fail({ problem: badRequest(`role: ${role.error}`) });
  if (templates.isId(id)) return ok({ role: role.value, id });
  const shown = JSON.stringify(id.slice(0, 100));
  return fail({ problem: badRequest(`id: ${shown} is not a version such as 1.2.0`) });
}
