/** A JSON schema as a tree that people can read. */

import { type Html, html, prose } from './html.ts';

export type Schema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
};

/** Deeper ones are folded. */
const openDepth = 2;

export function schemaHtml(schema: Schema, depth = 0): Html {
  const below = objectIn(schema);
  const members = Object.entries(below?.properties ?? {});
  if (members.length === 0) return html`<p class="leaf">${typeHtml(schema)} ${about(schema)}</p>`;
  const required = new Set(below?.required ?? []);
  return html`<ul class="schema">${members.map(([name, member]) => {
    const inner = objectIn(member);
    const isObject = Object.keys(inner?.properties ?? {}).length > 0;
    const head = html`<code class="name">${name}</code> ${typeHtml(member)}
      ${required.has(name) ? '' : html`<span class="optional">optional</span>`} ${about(member)}`;
    if (!isObject) return html`<li>${head}</li>`;
    const open = depth + 1 < openDepth ? ' open' : '';
    return html`<li><details${open}><summary>${head}</summary>${schemaHtml(member, depth + 1)}</details></li>`;
  })}</ul>`;
}

/** The object that is meant: itself, what the list holds, or the one branch that is an object. */
function objectIn(schema: Schema): Schema | undefined {
  if (Object.keys(schema.properties ?? {}).length > 0) return schema;
  if (schema.items !== undefined) return objectIn(schema.items);
  for (const branch of schema.anyOf ?? []) {
    const found = objectIn(branch);
    if (found !== undefined) return found;
  }
  return undefined;
}

function typeHtml(schema: Schema): Html {
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return html`<a class="type" href="#schema-${name}">${name}</a>`;
  if (schema.items !== undefined && schema.properties === undefined) {
    return html`<span class="type">list of</span> ${typeHtml(schema.items)}`;
  }
  const branches = schema.anyOf ?? [];
  if (branches.length > 0) {
    return html`${branches.map((branch, at) => html`${at > 0 && ' or '}${typeHtml(branch)}`)}`;
  }
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined) {
    return html`${schema.enum.map((one, at) => html`${at > 0 && ' | '}<code>${String(one)}</code>`)}`;
  }
  const [pattern] = Object.values(schema.patternProperties ?? {});
  if (pattern !== undefined) return html`<span class="type">map of</span> ${typeHtml(pattern)}`;
  const types = [schema.type ?? 'anything'].flat().join(' or ');
  const bounds = boundsOf(schema);
  return html`<span class="type">${types}${schema.format && ` (${schema.format})`}</span>${
    bounds !== '' && html` <span class="bounds">${bounds}</span>`
  }`;
}

function boundsOf(schema: Schema): string {
  const { minimum, maximum, minLength, maxLength } = schema;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `≥ ${minimum}`;
  if (maximum !== undefined) return `≤ ${maximum}`;
  if (maxLength !== undefined) return `${minLength ?? 0} to ${maxLength} characters`;
  return '';
}

function about({ description }: Schema): Html {
  return description === undefined
    ? html``
    : html`<span class="about">${prose(description)}</span>`;
}
