/** What the face needs of network booting. */

import type { Result } from '../base/result.ts';
import type { StoreProblem } from '../base/store.ts';
import type { TransactProblem } from '../base/transact.ts';
import type { Actor } from '../inventory/audit.ts';
import type { IpamConfig } from '../inventory/ipam.ts';
import type { Role } from '../inventory/machine.ts';
import type { ArtefactProblem } from './problems.ts';

export type IgnitionTemplate = {
  readonly version: '2.2' | '2.3';
  readonly template: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>> | null;
};

type Done<E> = Promise<Result<unknown, E | TransactProblem | StoreProblem>>;

export type TemplateShelf = {
  readonly ids: (role: Role) => readonly string[];
  readonly get: (role: Role, id: string) => IgnitionTemplate | undefined;
  /** Whether the text is a version. */
  readonly isId: (text: string) => boolean;
  readonly parse: (text: string) => Result<IgnitionTemplate, string>;
  readonly put: (
    role: Role,
    id: string,
    template: IgnitionTemplate,
    ipam: IpamConfig | undefined,
    actor: Actor,
  ) => Done<ArtefactProblem>;
  readonly remove: (role: Role, id: string, actor: Actor) => Done<ArtefactProblem>;
};

export type BootHttp = { readonly handle: (request: BootRequest) => Promise<BootResponse> };

/** The boot server's request and answer, without any HTTP library. */
export type BootRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly remoteAddress: string;
  readonly requestId: string;
};

export type BootResponse = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body:
    | { readonly kind: 'none' }
    | {
        readonly kind: 'bytes';
        readonly bytes: Uint8Array;
        readonly start: number;
        readonly end: number;
      }
    | {
        readonly kind: 'stream';
        readonly length: number;
        readonly chunks: AsyncIterable<Uint8Array>;
      };
};

export type Images = {
  /** Published form, oldest first. */
  readonly index: () => readonly unknown[];
  readonly isId: (text: string) => boolean;
  /** Undefined when it is not in the index or not here. */
  readonly tar: (
    id: string,
  ) => { readonly length: number; readonly open: () => AsyncIterable<Uint8Array> } | undefined;
  /** `tar` is left alone after a problem, so that there can still be an answer. */
  readonly put: (id: string, tar: AsyncIterable<Uint8Array>, actor: Actor) => Done<ArtefactProblem>;
  readonly remove: (id: string, actor: Actor) => Done<ArtefactProblem>;
};

export type KernelParams = {
  readonly get: (os: string) => string | undefined;
  readonly put: (os: string, params: string, actor: Actor) => Done<ArtefactProblem>;
};

export type PxeFace = {
  readonly bootHttp: BootHttp;
  readonly images: Images;
  readonly kernelParams: KernelParams;
  readonly templates: TemplateShelf;
};
