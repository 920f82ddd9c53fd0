/** `tetsu ignition`: templates by role and version, and what a machine would make of them. */

import type { Send } from '../answer.ts';
import { exitCodes, Failure } from '../failure.ts';
import { assembleTemplate, type SourceFiles } from '../ignition-assembly.ts';
import { parseMap } from '../ignition-source.ts';
import { printable } from '../table.ts';

export type Source = {
  readonly file: string;
  /** A JSON or YAML file with the template's `meta`. */
  readonly meta?: string | undefined;
  /** The file is the object that is uploaded, as it is. */
  readonly json?: boolean | undefined;
};

const indent = 2;

/** The document of a machine: by its role's highest template, another version of it, or a file. */
export async function previewIgnition(
  send: Send,
  serial: string,
  by: { readonly template?: string | undefined; readonly body?: unknown },
): Promise<string> {
  const path = `/api/v2/machines/${encodeURIComponent(serial)}/ignition`;
  const query = by.template === undefined ? '' : `?template=${encodeURIComponent(by.template)}`;
  const { status, body } =
    by.body === undefined ? await send('GET', path + query) : await send('POST', path, by.body);
  if (status === 404) {
    const { detail = `nothing is known of machine ${serial}` } = body as { detail?: string };
    throw new Failure(detail, 'tetsu get machines; tetsu ignition get ROLE', exitCodes.notFound);
  }
  return JSON.stringify(body, null, indent);
}

/** Without an id the versions of the role, one a line, the one machines boot with last. */
export async function getIgnition(send: Send, role: string, id?: string): Promise<string> {
  const { status, body } = await send('GET', pathOf(role, id));
  if (id === undefined) {
    const ids = (body ?? []) as readonly string[];
    return status === 404 || ids.length === 0 ? `role ${role} has no template` : ids.join('\n');
  }
  if (status === 404) throw unknownTemplate(role, id);
  return JSON.stringify(body, null, indent);
}

export async function setIgnition(
  send: Send,
  role: string,
  id: string,
  template: unknown,
): Promise<string> {
  const { warning } = await send('PUT', pathOf(role, id), template);
  const stored = `template ${id} of role ${role} is stored`;
  return warning === undefined ? stored : `${stored}\nwarning: it ${printable(warning)}`;
}

export async function deleteIgnition(send: Send, role: string, id: string): Promise<string> {
  const { status } = await send('DELETE', pathOf(role, id));
  if (status === 404) throw unknownTemplate(role, id);
  return `template ${id} of role ${role} is deleted`;
}

/** What is uploaded: the file as it is, or assembled from the YAML source and the files it names. */
export async function readTemplate(
  files: SourceFiles,
  directory: string,
  { file, meta, json = false }: Source,
): Promise<unknown> {
  if (json) return parseObject(file, (await files.open(directory, file)).text);
  const assembled = await assembleTemplate(files, directory, file);
  if (!assembled.ok) throw new Failure(assembled.error, '', exitCodes.usage);
  if (meta === undefined) return { ...assembled.value, meta: null };
  const values = parseMap(meta, (await files.open(directory, meta)).text);
  if (!values.ok) throw new Failure(values.error, '', exitCodes.usage);
  return { ...assembled.value, meta: values.value };
}

function parseObject(name: string, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (problem) {
    const why = problem instanceof Error ? problem.message : String(problem);
    throw new Failure(`${name}: no JSON: ${why}`, '', exitCodes.usage);
  }
  throw new Failure(`${name}: must be a JSON object`, '', exitCodes.usage);
}

function pathOf(role: string, id: string | undefined): string {
  const below = id === undefined ? '' : `/${encodeURIComponent(id)}`;
  return `/api/v1/ignitions/${encodeURIComponent(role)}${below}`;
}

function unknownTemplate(role: string, id: string): Failure {
  return new Failure(
    `role ${role} has no template ${id}`,
    `tetsu ignition get ${role} lists them`,
    exitCodes.notFound,
  );
}
