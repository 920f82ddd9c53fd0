/** From a range and selectors to the objects they mean, on the server. Nothing named is nothing, never all. */

import type { Get } from './answer.ts';
import { listAll, type Selectors, unknownName } from './commands/list.ts';
import { exitCodes, Failure } from './failure.ts';
import { macNamed } from './mac-name.ts';
import { type CliNoun, oneOf } from './nouns/noun.ts';
import { isEmptyRange, type NodeRange } from './ranges.ts';

export type Wanted = Selectors & { readonly range: NodeRange };

/** Up to so many names are asked one by one; above, one list is quicker. */
const singlyMax = 4;

/**
 * What a read is about: no name and no selector mean all.
 * @returns in the order they are named, those of racks in the list's order
 */
export async function selectForReading(
  get: Get,
  noun: CliNoun,
  wanted: Wanted,
): Promise<readonly unknown[]> {
  const { range, fieldSelector, labelSelector, sort } = wanted;
  const isUnselected = fieldSelector === undefined && labelSelector === undefined;
  if (isEmptyRange(range)) {
    const { objects } = await listAll(get, noun, wanted);
    return objects.filter((object) => !isLeftOut(noun, range, object));
  }
  const owners = range.names.filter((name) => noun.ownerColumn?.(name) !== undefined);
  if (owners.length > 0) return ofOwners(get, noun, wanted, owners);
  const isFew = range.racks.length === 0 && range.names.length <= singlyMax;
  if (isUnselected && sort === undefined && isFew) return byName(get, noun, range);
  const all = await listAll(get, noun, { sort });
  const selected = isUnselected ? undefined : await listAll(get, noun, wanted);
  const kept = selected && new Set(selected.objects.map((object) => noun.nameOf(object)));
  const byItsName = new Map(all.objects.map((object) => [noun.nameOf(object), object]));
  const unknown = range.names.filter((name) => !byItsName.has(name));
  if (unknown.length > 0) throw unknownName(noun, ...unknown);
  const racks = new Set(range.racks);
  const inRacks = all.objects.filter((object) => racks.has(noun.rackOf?.(object) ?? Number.NaN));
  const named = range.names.flatMap((name) => byItsName.get(name) ?? []);
  const found = sort === undefined ? new Set([...named, ...inRacks]) : inOrder(all, named, inRacks);
  return [...found].filter(
    (object) => !isLeftOut(noun, range, object) && (kept?.has(noun.nameOf(object)) ?? true),
  );
}

/**
 * What a change is about: something must be named or selected, and something must be there.
 * @throws Failure where that is not so
 */
export async function selectForWriting(
  get: Get,
  noun: CliNoun,
  wanted: Wanted,
): Promise<readonly unknown[]> {
  const { range, fieldSelector, labelSelector } = wanted;
  const [plural = ''] = noun.names;
  const one = oneOf(noun);
  if (isEmptyRange(range) && fieldSelector === undefined && labelSelector === undefined) {
    throw new Failure(
      `no ${one} is named: a change is never for all of them by default`,
      `name them (NAME, ABC[001-020], rack3, @file, -) or select by --field-selector or -l; tetsu get ${plural} lists them`,
      exitCodes.usage,
    );
  }
  const objects = await selectForReading(get, noun, wanted);
  if (objects.length > 0) return objects;
  throw new Failure(
    `no ${one} matches, so nothing was changed`,
    `tetsu get ${plural} with the same words shows what they select`,
    exitCodes.notFound,
  );
}

/** Whether an object is meant by a range; an empty one means all but what it leaves out. */
export function matcherOf(noun: CliNoun, range: NodeRange): (object: unknown) => boolean {
  const names = new Set(range.names);
  const racks = new Set(range.racks);
  const isOwned = (object: unknown) => range.names.some((name) => isOwnedBy(noun, name, object));
  return (object) =>
    !isLeftOut(noun, range, object) &&
    (isEmptyRange(range) ||
      names.has(noun.nameOf(object)) ||
      isOwned(object) ||
      racks.has(noun.rackOf?.(object) ?? Number.NaN));
}

/** Whether a name that is no object's own means this one: the serial number of a boot's machine. */
export function isOwnedBy(noun: CliNoun, name: string, object: unknown): boolean {
  const column = noun.ownerColumn?.(name);
  return column !== undefined && (object as Record<string, unknown>)[column] === spelled(name);
}

/** All objects of whoever is named, and those that are named themselves. */
async function ofOwners(
  get: Get,
  noun: CliNoun,
  wanted: Wanted,
  owners: readonly string[],
): Promise<readonly unknown[]> {
  const { range, fieldSelector } = wanted;
  const found: unknown[] = [];
  for (const name of owners) {
    const own = `${noun.ownerColumn?.(name)}=${spelled(name)}`;
    const both = fieldSelector === undefined ? own : `${own},${fieldSelector}`;
    const { objects } = await listAll(get, noun, { ...wanted, fieldSelector: both });
    if (objects.length === 0 && noun.ownersAreNames && fieldSelector === undefined) {
      throw unknownName(noun, name);
    }
    found.push(...objects);
  }
  const names = range.names.filter((name) => !owners.includes(name));
  const rest =
    names.length === 0
      ? []
      : await selectForReading(get, noun, { ...wanted, range: { ...range, names } });
  return [...found, ...rest];
}

/** Hardware addresses are stored in lower case, with colons. */
function spelled(name: string): string {
  return macNamed(name) ?? name;
}

async function byName(get: Get, noun: CliNoun, range: NodeRange): Promise<readonly unknown[]> {
  const objects: unknown[] = [];
  const unknown: string[] = [];
  for (const name of range.names) {
    const { status, body } = await get(`/api/v2/${noun.names[0]}/${encodeURIComponent(name)}`);
    if (status === 404) unknown.push(name);
    else objects.push(body);
  }
  if (unknown.length > 0) throw unknownName(noun, ...unknown);
  return objects.filter((object) => !isLeftOut(noun, range, object));
}

function inOrder(
  all: { readonly objects: readonly unknown[] },
  ...found: readonly (readonly unknown[])[]
): ReadonlySet<unknown> {
  const wanted = new Set(found.flat());
  return new Set(all.objects.filter((object) => wanted.has(object)));
}

function isLeftOut(noun: CliNoun, { without }: NodeRange, object: unknown): boolean {
  if (without.names.includes(noun.nameOf(object))) return true;
  const rack = noun.rackOf?.(object);
  return rack !== undefined && without.racks.includes(rack);
}
