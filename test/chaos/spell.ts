/** Requests as HTTP spells them. */

import { createHash } from 'node:crypto';
import { seededChance } from '../support/clock.ts';
import { tarOf } from '../support/tar.ts';
import type { WriteRequest } from './history.ts';
import { chaosIpam } from './model.ts';

export type Spelled = {
  readonly method: string;
  readonly path: string;
  /** Disk keys move over TLS alone. */
  readonly isTls?: true;
  readonly body?: string | Uint8Array;
};

export function spell(request: WriteRequest): Spelled {
  switch (request.kind) {
    case 'register': {
      const machines = request.machines.map(({ bmcType, retireDate, ...machine }) => ({
        ...machine,
        'retire-date': retireDate,
        bmc: { type: bmcType },
      }));
      return { method: 'POST', path: '/api/v1/machines', body: JSON.stringify(machines) };
    }
    case 'remove':
      return { method: 'DELETE', path: `/api/v1/machines/${request.serial}` };
    case 'state':
      return { method: 'PUT', path: `/api/v1/state/${request.serial}`, body: request.to };
    case 'label': {
      const path = `/api/v1/labels/${request.serial}/${request.name}`;
      return { method: 'PUT', path, body: request.value };
    }
    case 'unlabel':
      return { method: 'DELETE', path: `/api/v1/labels/${request.serial}/${request.name}` };
    case 'retire-date':
      return { method: 'PUT', path: `/api/v1/retire-date/${request.serial}`, body: request.date };
    case 'ipam':
      return { method: 'PUT', path: '/api/v1/config/ipam', body: JSON.stringify(chaosIpam) };
    case 'dhcp': {
      const body = JSON.stringify({ 'lease-minutes': request.leaseMinutes });
      return { method: 'PUT', path: '/api/v1/config/dhcp', body };
    }
    case 'params':
      return { method: 'PUT', path: '/api/v1/kernel_params/coreos', body: request.text };
    case 'template': {
      const body = JSON.stringify({
        version: '2.3',
        template: { ignition: { version: '2.3.0' } },
        meta: { tag: request.tag },
      });
      return { method: 'PUT', path: `/api/v1/ignitions/${request.role}/${request.id}`, body };
    }
    case 'untemplate':
      return { method: 'DELETE', path: `/api/v1/ignitions/${request.role}/${request.id}` };
    case 'image': {
      const body = imageTar(request.content);
      return { method: 'PUT', path: `/api/v1/images/coreos/${request.id}`, body };
    }
    case 'unimage':
      return { method: 'DELETE', path: `/api/v1/images/coreos/${request.id}` };
    case 'key': {
      const path = `/api/v1/crypts/${request.serial}/${request.path}`;
      return { method: 'PUT', path, body: request.value, isTls: true };
    }
    case 'unkeys':
      return { method: 'DELETE', path: `/api/v1/crypts/${request.serial}`, isTls: true };
    case 'asset': {
      const body = kernels.get(request.content) ?? new Uint8Array();
      return { method: 'PUT', path: `/api/v1/assets/${request.name}`, body };
    }
    case 'unasset':
      return { method: 'DELETE', path: `/api/v1/assets/${request.name}` };
  }
}

/** Contents that can be made again from a number, called by the SHA-256 of their kernel. */
const kernels = new Map<string, Uint8Array>();
const kernelBytes = 200_000;

export function makeKernel(seed: number): string {
  const chance = seededChance(seed);
  const kernel = Uint8Array.from({ length: kernelBytes }, () => chance.next() * 256);
  const content = sha256(kernel);
  kernels.set(content, kernel);
  return content;
}

function imageTar(content: string): Uint8Array {
  const kernel = kernels.get(content) ?? new Uint8Array();
  return tarOf([
    ['kernel', kernel],
    ['initrd.gz', kernel.subarray(0, 5_000)],
  ]);
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
