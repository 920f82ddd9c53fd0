/** What this server has to boot machines with, for the choice among it, and Ignition as it renders here. */

import { fail } from '../base/result.ts';
import type { World } from '../base/world.ts';
import type { BootOffer } from './choice/choose.ts';
import type { IgnitionSource } from './http/boot-http.ts';
import { describeRenderProblem, renderIgnition } from './ignition/render.ts';
import type { TemplateShelf } from './ignition/shelf.ts';
import type { ImageCatalog } from './images/catalog.ts';
import type { KernelParams } from './kernel-params.ts';

export type OwnUrls = { readonly advertiseUrl: string; readonly advertiseUrlHttps: string };

const os = 'coreos';

export function bootOffer(
  catalog: Pick<ImageCatalog, 'newest' | 'held' | 'holders'>,
  kernelParams: Pick<KernelParams, 'get'>,
  templates: Pick<TemplateShelf, 'latest' | 'get'>,
): BootOffer {
  return {
    newestImage: () => catalog.newest()?.id,
    hasImage: (id) => catalog.held(id) !== undefined || catalog.holders(id).length > 0,
    kernelParams: () => kernelParams.get(os) ?? '',
    latestTemplate: (role) => {
      const latest = templates.latest(role);
      return latest && { id: latest.id, version: latest.template.version };
    },
    template: (role, id) => {
      const template = templates.get(role, id);
      return template && { id, version: template.version };
    },
  };
}

export function urlsOf({ advertiseUrl, advertiseUrlHttps }: OwnUrls) {
  return { advertiseUrl, advertiseUrlHttps };
}

export function ignitionSource(
  templates: TemplateShelf,
  settings: OwnUrls,
  clock: Pick<World['clock'], 'now'>,
): IgnitionSource {
  return {
    render: (machine, templateId) => {
      const template = templates.get(machine.spec.role, templateId);
      if (template === undefined) return undefined;
      const now = clock.now();
      const rendered = renderIgnition(template, machine, { ...urlsOf(settings), now });
      return rendered.ok ? rendered : fail(describeRenderProblem(rendered.error));
    },
    version: ({ spec }, templateId) => {
      const template = templates.get(spec.role, templateId);
      return template && `${template.version}.0`;
    },
  };
}
