/** Everything an operator sends to a server before the first machine is powered on, in order. */

import { fail, ok, type Result } from '../base/result.ts';
import type { Api } from './api.ts';
import { bootImage } from './demo/boot-image.ts';
import { dhcpConfig, type FirstOctet, ignitionTemplate, ipamConfig } from './documents.ts';
import type { Site } from './site.ts';

export type Upload = {
  readonly method: 'PUT' | 'POST';
  readonly path: string;
  readonly body: unknown;
  /** For people. */
  readonly what: string;
};

const imageId = 'sim-1';
const templateId = '1.0.0';

/** @param image sizes of what is generated. */
export function uploadsFor(
  site: Pick<Site, 'machines'>,
  first: FirstOctet,
  roleOf: (number: number) => string,
  image: { readonly kernelBytes: number; readonly initrdBytes: number },
): readonly Upload[] {
  const machines = site.machines.map(({ serial, rack }, at) => ({
    serial,
    rack,
    role: roleOf(at),
    labels: { product: 'simulated' },
    bmc: { type: 'ipmi-2.0' },
    'retire-date': '2031-11-21T00:00:00Z',
  }));
  const roles = [...new Set(machines.map(({ role }) => role))];
  return [
    {
      method: 'PUT',
      path: '/api/v1/config/ipam',
      body: ipamConfig(first),
      what: 'addresses of racks',
    },
    { method: 'PUT', path: '/api/v1/config/dhcp', body: dhcpConfig, what: 'DHCP' },
    {
      method: 'PUT',
      path: `/api/v1/images/coreos/${imageId}`,
      body: bootImage(image.kernelBytes, image.initrdBytes),
      what: 'kernel and initrd, as tar',
    },
    ...roles.map(
      (role): Upload => ({
        method: 'PUT',
        path: `/api/v1/ignitions/${role}/${templateId}`,
        body: ignitionTemplate(role),
        what: `Ignition of role ${role}`,
      }),
    ),
    {
      method: 'POST',
      path: '/api/v1/machines',
      body: machines,
      what: `${machines.length} machines`,
    },
  ];
}

/** Sends them one after the other; the first that fails ends it. */
export async function sendAll(
  api: Api,
  uploads: readonly Upload[],
  sent: (upload: Upload) => void,
): Promise<Result<void, string>> {
  for (const upload of uploads) {
    const done = await api.send(upload.method, upload.path, upload.body);
    if (!done.ok) return fail(done.error);
    sent(upload);
  }
  return ok(undefined);
}
