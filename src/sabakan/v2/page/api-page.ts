/** The API's description as a page to read: made from the OpenAPI document, nothing is loaded from elsewhere. */

import { type Html, html, prose } from './html.ts';
import { type Schema, schemaHtml } from './schema-html.ts';

export type OpenApiDocument = {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
  };
};

type Described = {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { description: string; content?: Content }>>;
  readonly 'x-codeSamples': readonly { readonly source: string }[];
};
type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
};
type Content = Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;

type Placed = { readonly method: string; readonly path: string; readonly operation: Described };

export function apiPage(document: OpenApiDocument): string {
  const { info, tags, paths, components } = document;
  const all: readonly Placed[] = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
  const groups = tags.map((tag) => ({
    ...tag,
    all: all.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  const schemas = Object.entries(components.schemas);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<link rel="stylesheet" href="/api/v2/docs/page.css">
<script src="/api/v2/docs/page.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the operations</a>
<nav aria-label="Operations">
  <p class="brand">${info.title} <span>API v2</span></p>
  <input id="search" type="search" placeholder="Search operations  /" aria-label="Search operations" hidden>
  <p id="none" hidden>No operation matches.</p>
  ${groups.map(
    (group) =>
      html`<section><h2><a href="#tag-${group.name}">${group.name}</a></h2><ul>${group.all.map(
        ({ method, path, operation }) =>
          html`<li data-find="${findText({ method, path, operation })}"><a href="#${operation.operationId}" title="${operation.summary}">${badge(method)}<span>${path}</span></a></li>`,
      )}</ul></section>`,
  )}
  <section><h2><a href="#schemas">schemas</a></h2></section>
</nav>
<main id="main">
<header>
  <h1>${info.title} API</h1>
  <p class="version">${info.version} · <a href="/api/v2/openapi.json">openapi.json</a></p>
  <p>${prose(info.description)}</p>
</header>
${groups.map(
  (group) => html`<section class="tag" id="tag-${group.name}">
<h2>${group.name}</h2>
<p>${group.description && prose(group.description)}</p>
${group.all.map((placed) => operationHtml(placed, components.parameters))}
</section>`,
)}
<section class="tag" id="schemas"><h2>schemas</h2>
${schemas.map(
  ([name, schema]) =>
    html`<article id="schema-${name}"><h3>${name}</h3>${schemaHtml(schema)}</article>`,
)}
</section>
</main>
</body>
</html>
`.html;
}

function findText({ method, path, operation }: Placed): string {
  return `${method} ${path} ${operation.operationId} ${operation.summary}`.toLowerCase();
}

function badge(method: string): Html {
  return html`<b class="method ${method.toLowerCase()}">${method === 'DELETE' ? 'DEL' : method}</b>`;
}

function operationHtml(placed: Placed, known: Readonly<Record<string, Parameter>>): Html {
  const { method, path, operation } = placed;
  const parameters = operation.parameters.map((parameter) =>
    '$ref' in parameter ? known[parameter.$ref.split('/').at(-1) ?? ''] : parameter,
  );
  const body = operation.requestBody?.content;
  const [type] = Object.keys(body ?? {});
  const sent = type === undefined ? undefined : body?.[type];
  const source = operation['x-codeSamples'][0]?.source;
  return html`<article id="${operation.operationId}" data-find="${findText(placed)}">
<h3><a href="#${operation.operationId}">${badge(method)} <code>${path}</code></a></h3>
<p class="summary">${prose(operation.summary)}</p>
<p class="needs">${operation.description}</p>
${parameters.length > 0 && html`<h4>Parameters</h4><table><tbody>${parameters.map((one) => one && parameterHtml(one))}</tbody></table>`}
${sent !== undefined && html`<h4>Body <span class="media">${Object.keys(body ?? {}).join(', ')}</span></h4>${schemaHtml(sent.schema)}`}
${source !== undefined && html`<h4>curl</h4><pre tabindex="0"><code>${source}</code></pre>`}
<h4>Answers</h4>
<table><tbody>${Object.entries(operation.responses).map(([status, answer]) => answerHtml(status, answer))}</tbody></table>
</article>`;
}

function parameterHtml({ name, in: where, required, description, schema }: Parameter): Html {
  return html`<tr><th scope="row"><code>${name}</code><small>${where}${required ? ', required' : ''}</small></th><td>${description && prose(description)}${
    schema.enum !== undefined &&
    html` <span class="bounds">${schema.enum.map((one) => String(one)).join(' | ')}</span>`
  }</td></tr>`;
}

function answerHtml(
  status: string,
  { description, content = {} }: { readonly description: string; readonly content?: Content },
): Html {
  const isRefusal = Number(status) >= 400;
  const [media] = Object.keys(content);
  const schema = media === undefined ? undefined : content[media]?.schema;
  return html`<tr class="${isRefusal ? 'refusal' : 'success'}"><th scope="row"><code>${status}</code></th><td>${prose(description)}${
    schema !== undefined &&
    !isRefusal &&
    html`<details><summary>${media}</summary>${schemaHtml(schema)}</details>`
  }</td></tr>`;
}
