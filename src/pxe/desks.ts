/** Images, assets and templates as the API shows them. */

import { fail, ok, type Result } from '../base/result.ts';
import type { Chance } from '../base/world.ts';
import type { Machine } from '../inventory/machine.ts';
import { type Asset, type PublishedAsset, publishedAsset } from './assets/asset.ts';
import { assetResponse } from './assets/asset-http.ts';
import type { AssetCatalog } from './assets/catalog.ts';
import type { AssetFailure } from './assets/records.ts';
import { artefactResponse } from './http/artefact.ts';
import type { BootRequest, BootResponse } from './http/message.ts';
import { whyUnverified } from './ignition/remote-sources.ts';
import {
  describeRenderProblem,
  type IgnitionTemplate,
  type RenderProblem,
  type RenderSettings,
  renderIgnition,
} from './ignition/render.ts';
import type { TemplateShelf } from './ignition/shelf.ts';
import { decodeTemplate } from './ignition/template-json.ts';
import { parseVersion } from './ignition/version.ts';
import type { ImageCatalog } from './images/catalog.ts';
import { type Image, isImageId } from './images/image-json.ts';
import type { ImageProblem } from './images/image-problem.ts';
import type { Pull, PullLoop } from './spread/pull-loop.ts';

/** Where a blob stands on this server. */
export type Here =
  | { readonly state: 'present' }
  | ({ readonly state: 'pulling' } & Pull)
  | { readonly state: 'missing'; readonly why: string };

export type ImageDesk = Pick<
  ImageCatalog,
  'newest' | 'freshness' | 'broken' | 'records' | 'listed'
> & {
  readonly here: (id: string) => Here;
  readonly index: () => readonly Image[];
  readonly isId: (text: string) => boolean;
  /** The answer to GET or HEAD: a tar of both files. */
  readonly get: (request: BootRequest, id: string) => Promise<Result<BootResponse, ImageProblem>>;
  readonly put: ImageCatalog['upload'];
  readonly remove: ImageCatalog['remove'];
};

export type AssetDesk = Pick<
  AssetCatalog,
  'freshness' | 'names' | 'list' | 'put' | 'remove' | 'records'
> & {
  readonly here: (asset: Asset) => Here;
  readonly meta: (name: string) => Promise<Result<PublishedAsset, AssetFailure>>;
  /** The answer to GET or HEAD. */
  readonly get: (request: BootRequest, name: string) => Promise<Result<BootResponse, AssetFailure>>;
};

export type TemplateDesk = TemplateShelf & {
  readonly isId: (text: string) => boolean;
  readonly parse: typeof parseTemplate;
  /** That machines fetch something whose hash it does not name; undefined: they do not. */
  readonly whyUnverified: (template: IgnitionTemplate) => string | undefined;
  /** What `machine` would read at its first boot; the error's text is the whole sentence. */
  readonly render: (template: IgnitionTemplate, machine: Machine) => Result<string, RenderProblem>;
};

/** @param pulls absent: this server fetches nothing from others. */
export function imageDesk(catalog: ImageCatalog, pulls: () => PullLoop | undefined): ImageDesk {
  return {
    records: catalog.records,
    listed: catalog.listed,
    here: (id) => hereOf(catalog.find(id).ok, id, pulls()),
    index: catalog.list,
    isId: isImageId,
    newest: catalog.newest,
    freshness: catalog.freshness,
    broken: catalog.broken,
    get: async (request, id) => {
      const tar = catalog.download(id);
      return tar.ok ? ok(await artefactResponse(request, tar.value, 'application/tar')) : tar;
    },
    put: catalog.upload,
    remove: catalog.remove,
  };
}

export function assetDesk(
  catalog: AssetCatalog,
  serving: { readonly chance: Chance; readonly ownUrl: string },
  pulls: () => PullLoop | undefined,
): AssetDesk {
  return {
    records: catalog.records,
    here: (asset) => hereOf(catalog.isHere(asset), asset.id, pulls()),
    freshness: catalog.freshness,
    names: catalog.names,
    list: catalog.list,
    put: catalog.put,
    remove: catalog.remove,
    meta: async (name) => {
      const found = await catalog.find(name);
      if (!found.ok) return found;
      const { asset, stored } = found.value;
      return ok(publishedAsset(asset, stored !== undefined));
    },
    get: (request, name) => assetResponse({ catalog, ...serving }, request, name),
  };
}

function hereOf(isHere: boolean, id: string, pulls: PullLoop | undefined): Here {
  if (isHere) return { state: 'present' };
  const pull = pulls?.underWay().get(id);
  if (pull !== undefined) return { state: 'pulling', ...pull };
  const why = pulls?.missing().get(id) ?? 'this server fetches nothing from others';
  return { state: 'missing', why };
}

export function templateDesk(
  templates: TemplateShelf,
  settings: () => RenderSettings,
): TemplateDesk {
  return {
    ...templates,
    isId: (text) => parseVersion(text) !== undefined,
    parse: parseTemplate,
    whyUnverified: ({ template }) => whyUnverified(template),
    render: (template, machine) => {
      const rendered = renderIgnition(template, machine, settings());
      if (rendered.ok) return rendered;
      return fail({ ...rendered.error, text: describeRenderProblem(rendered.error) });
    },
  };
}

/** The text of an upload. */
function parseTemplate(text: string): ReturnType<typeof decodeTemplate> {
  return decodeTemplate(new TextEncoder().encode(text));
}
