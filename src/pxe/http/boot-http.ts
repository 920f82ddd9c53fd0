/**
 * Everything a machine gets over HTTP before it has an operating system, as a plain function: the real server and
 * the simulated one put it behind what they listen with. Paths are Sabakan's, plus those that name an image.
 *
 *     /api/v1/boot/{ipxe.efi,snponly.efi,undionly.kpxe}
 *     /api/v1/boot/coreos/ipxe                      script that finds the machine's own
 *     /api/v1/boot/coreos/ipxe/<serial>             the machine's own
 *     /api/v1/boot/coreos/why/<serial>              script that says why there is none
 *     /api/v1/boot/coreos/{kernel,initrd.gz}        of the newest image here
 *     /api/v1/boot/coreos/images/<id>/{kernel,initrd.gz}    from here, or the way to a server that has it
 *     /api/v1/boot/coreos/held/<id>/{kernel,initrd.gz}      from here or not at all
 *     /api/v1/boot/ignitions/<serial>/<template id>
 *     /api/v1/boot/discovery/{knock,agent,facts,state}      of machines that nobody registered
 */

import type { Result } from '../../base/result.ts';
import type { Chance, Clock } from '../../base/world.ts';
import type { Machine, Serial } from '../../inventory/machine.ts';
import { nextTrySeconds } from '../admission/admission.ts';
import type { Gate } from '../admission/gate.ts';
import { toldToWait } from '../boot.ts';
import type { BootChoice } from '../choice/choose.ts';
import type { DiscoveryHttp } from '../discovery/http.ts';
import { imageFileNames, type StoredImage } from '../images/shelf.ts';
import {
  type BootProblem,
  type BootSources,
  decideBoot,
  explainFailure,
  isBarred,
  type RetiredPolicy,
} from '../ipxe/boot-decision.ts';
import { chainScript, scriptType, waitScript } from '../ipxe/boot-script.ts';
import { encodeForUrl } from '../ipxe/word.ts';
import type { Loaders } from '../loaders.ts';
import type { HttpSighting, SightingListener } from '../sightings.ts';
import { artefactResponse, type Content } from './artefact.ts';
import {
  type BootRequest,
  type BootResponse,
  errorResponse,
  methodNotAllowed,
  notFound,
  redirect,
  textResponse,
} from './message.ts';
import { type About, createWitness } from './witness.ts';

export const bootPath = '/api/v1/boot/';

/** A role's template with the version that boot URLs name. */
export type IgnitionSource = {
  /** Undefined: the role has no such template. The error is for operators. */
  readonly render: (machine: Machine, templateId: string) => Result<string, string> | undefined;
  /** Of Ignition's configuration, as it stands in the document: `3.4.0`. */
  readonly version: (machine: Machine, templateId: string) => string | undefined;
};

export type BootHttpDeps = {
  readonly find: (serial: Serial) => Machine | undefined;
  /** Of the machine's last change. */
  readonly revisionOf: (machine: Machine) => string;
  readonly loaders: Loaders;
  readonly images: {
    readonly newest: () => StoredImage | undefined;
    /** Also one that was deleted after the boot began. */
    readonly held: (id: string) => StoredImage | undefined;
    /** `<advertise-url>`s of other servers that have it. */
    readonly holders: (id: string) => readonly string[];
  };
  readonly chance: Chance;
  readonly ignitions: IgnitionSource;
  /** What a machine boots with. */
  readonly choose: (machine: Machine) => BootChoice;
  /** Without a slash at the end. */
  readonly advertiseUrl: string;
  readonly retired: RetiredPolicy;
  /** Why this server may not know of a machine or template that exists; undefined: it would know. */
  readonly doubt?: (serial: string) => string | undefined;
  /** Whose turn it is to load; absent: everybody's. */
  readonly gate?: Pick<Gate, 'ask'>;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly tell?: SightingListener;
  /** Machines that nobody registered; absent: they are told that there is nothing for them. */
  readonly discovery?: DiscoveryHttp;
};

export type BootHttp = { readonly handle: (request: BootRequest) => Promise<BootResponse> };

/** Longer paths are nobody's; our longest is a serial number and a template's version. */
const pathCharactersMax = 1_024;

const loaderType = 'application/efi';
const binaryType = 'application/octet-stream';
const documentType = 'application/json';
/** What Ignition asks for first; it takes anything. */
const ignitionType = 'application/vnd.coreos.ignition+json';

export function createBootHttp(deps: BootHttpDeps): BootHttp {
  const told = createWitness(deps.clock, deps.tell ?? (() => {}));
  const bootUrl = `${deps.advertiseUrl}/api/v1/boot`;
  const sources: BootSources = {
    find: (serial) => findMachine(deps, serial),
    choose: deps.choose,
    bootUrl,
    retired: deps.retired,
  };

  /** Ignition gives up at 404 and goes on asking at 503, so "there is none" is for a server that would know. */
  const unknown = (request: BootRequest, serial: string, text: string): BootResponse => {
    const doubt = deps.doubt?.(serial);
    if (doubt === undefined) return notFound(request, text);
    return errorResponse(request, 503, `${doubt}: Service Unavailable`, text);
  };

  /** Undefined: now. */
  const turnOf = (request: BootRequest, serial: string): BootResponse | undefined => {
    const machine = sources.find(serial);
    if (machine === undefined || deps.gate === undefined) return undefined;
    const verdict = deps.gate.ask(machine, request.remoteAddress);
    if (verdict.kind === 'go') return undefined;
    const { place, of } = verdict;
    const text = waitScript({ bootUrl, serial, place, of, seconds: nextTrySeconds });
    const response = textResponse(request, 200, scriptType, text);
    return told(request, 'script', { serial }, response, toldToWait(place, of));
  };

  const script = (request: BootRequest, serial: string): BootResponse => {
    const instead = deps.discovery?.script(request, serial);
    if (instead !== undefined) {
      const response = textResponse(request, 200, scriptType, instead);
      // It says why there is no script of its own, and waits for one.
      return told(request, 'why', { serial }, response, 'not registered here: sent to discovery');
    }
    const { script: decision, choice } = decideBoot(serial, sources);
    if (decision.ok) {
      const waits = request.method === 'GET' ? turnOf(request, serial) : undefined;
      if (waits !== undefined) return waits;
      const response = textResponse(request, 200, scriptType, decision.value);
      return told(request, 'script', { serial, imageId: choice?.image.value }, response);
    }
    const { kind, text } = decision.error;
    const status = statusOf[kind];
    const response =
      status === 404
        ? kind === 'machine-retired' || kind === 'image-nowhere'
          ? notFound(request, text)
          : unknown(request, serial, text)
        : errorResponse(request, status, `${text}: Internal Server Error`);
    return told(request, 'script', { serial }, response, text);
  };

  const artefact = async (
    request: BootRequest,
    kind: HttpSighting['kind'],
    about: About,
    content: Content | undefined,
    type: string,
  ): Promise<BootResponse> => {
    const text = content === undefined ? 'it is not on this server' : '';
    const response =
      content === undefined
        ? notFound(request, text)
        : await artefactResponse(request, content, type);
    return told(request, kind, about, response, text);
  };

  const imageFile = (
    request: BootRequest,
    id: string | undefined,
    image: StoredImage | undefined,
    name: string,
  ): Promise<BootResponse> | BootResponse => {
    const known = imageFileNames.find((file) => file === name);
    if (known === undefined) return notFound(request);
    const kind = known === 'kernel' ? 'kernel' : 'initrd';
    return artefact(request, kind, { imageId: id }, image?.files[known], binaryType);
  };

  /** A machine asks one server for its script and, after that died, another one for the kernel it names. */
  const elsewhere = (request: BootRequest, id: string, name: string): BootResponse => {
    const known = imageFileNames.find((file) => file === name);
    if (known === undefined) return notFound(request);
    const holders = deps.images.holders(id);
    const holder = holders[Math.floor(deps.chance.next() * holders.length)];
    const kind = known === 'kernel' ? 'kernel' : 'initrd';
    if (holder !== undefined) {
      // iPXE names a file after the end of its URL.
      const url = `${holder}${bootPath}coreos/held/${encodeForUrl(id)}/${known}`;
      return told(request, kind, { imageId: id }, redirect(url));
    }
    const text = `no server has image ${id}: it was removed, or never finished`;
    return told(request, kind, { imageId: id }, notFound(request, text), text);
  };

  const coreos = (
    request: BootRequest,
    parts: readonly string[],
  ): Promise<BootResponse> | BootResponse => {
    if (!isRead(request)) return methodNotAllowed(request, 'GET, HEAD');
    const [first = '', second = '', third = '', ...more] = parts;
    switch (first) {
      case 'ipxe':
        if (parts.length === 1) {
          const response = textResponse(request, 200, scriptType, chainScript(bootUrl));
          return told(request, 'chain-script', {}, response);
        }
        // Sabakan answers the chain script to a longer path, which then chains to itself without end.
        return parts.length === 2 ? script(request, second) : notFound(request);
      case 'why':
        if (parts.length !== 2) return notFound(request);
        return told(
          request,
          'why',
          { serial: second },
          textResponse(request, 200, scriptType, explainFailure(second, sources)),
        );
      case 'images': {
        if (more.length > 0) return notFound(request);
        const image = deps.images.held(second);
        return image === undefined
          ? elsewhere(request, second, third)
          : imageFile(request, second, image, third);
      }
      // A server that lost its copy must not send on to one that sends back.
      case 'held':
        return more.length > 0
          ? notFound(request)
          : imageFile(request, second, deps.images.held(second), third);
      default: {
        const newest = deps.images.newest();
        return parts.length === 1
          ? imageFile(request, newest?.id, newest, first)
          : notFound(request);
      }
    }
  };

  /** Sabakan's, unless Ignition's own is asked for by name. */
  const typeFor = (request: BootRequest, machine: Machine, id: string): string => {
    const isAsked = request.headers.get('accept')?.toLowerCase().includes(ignitionType) === true;
    const version = isAsked ? deps.ignitions.version(machine, id) : undefined;
    return version === undefined ? documentType : `${ignitionType}; version=${version}`;
  };

  /** What it was made of, so that a boot can be looked into later. */
  const named = (machine: Machine, id: string, response: BootResponse): BootResponse => ({
    ...response,
    headers: new Map([
      ...response.headers,
      ['x-tetsukan-template', `${machine.spec.role}/${id}`],
      ['x-tetsukan-machine-revision', deps.revisionOf(machine)],
    ]),
  });

  const ignition = (request: BootRequest, parts: readonly string[]): BootResponse => {
    if (request.method !== 'GET') return methodNotAllowed(request, 'GET');
    const [serial = '', id = ''] = parts;
    if (parts.length !== 2 || serial === '' || id === '') {
      return errorResponse(request, 400, 'invalid request');
    }
    const tell = (response: BootResponse, text = '') =>
      told(request, 'ignition', { serial }, response, text);
    const machine = findMachine(deps, serial);
    if (machine === undefined || isBarred(machine, deps.retired)) {
      const text =
        machine !== undefined ? `${serial} is retired.` : `No machine ${serial} is registered.`;
      const response =
        machine !== undefined ? notFound(request, text) : unknown(request, serial, text);
      return tell(response, text);
    }
    const rendered = deps.ignitions.render(machine, id);
    if (rendered === undefined) {
      const text = `Role ${machine.spec.role} has no template ${id}.`;
      return tell(unknown(request, serial, text), text);
    }
    return rendered.ok
      ? tell(
          named(
            machine,
            id,
            textResponse(request, 200, typeFor(request, machine, id), rendered.value),
          ),
        )
      : tell(
          errorResponse(request, 500, `${rendered.error}: Internal Server Error`),
          rendered.error,
        );
  };

  return {
    handle: async (request) => {
      const { path } = request;
      if (!path.startsWith(bootPath) || path.length > pathCharactersMax) return notFound(request);
      const [first = '', ...rest] = path.slice(bootPath.length).split('/');
      if (first === 'coreos' && rest.length > 0) return coreos(request, rest);
      if (first === 'ignitions') return ignition(request, rest);
      if (first === 'discovery' && deps.discovery !== undefined) {
        return deps.discovery.handle(request, rest);
      }
      const loader = rest.length === 0 ? deps.loaders.get(first) : undefined;
      // `autoexec.ipxe`, which iPXE looks for beside its own file, ends here at once.
      if (loader === undefined) return told(request, 'other', {}, notFound(request));
      if (!isRead(request)) return methodNotAllowed(request, 'GET, HEAD');
      return artefact(
        request,
        'loader',
        {},
        loader,
        first.endsWith('.efi') ? loaderType : binaryType,
      );
    },
  };
}

const statusOf: Readonly<Record<BootProblem['kind'], 404 | 500>> = {
  'serial-missing': 404,
  'serial-unknown': 404,
  'machine-retired': 404,
  'template-missing': 404,
  'image-nowhere': 404,
  'kernel-params-unsafe': 500,
};

/** As typed by the vendor; spaces at its ends, which the inventory does not take, are forgiven. */
function findMachine(deps: Pick<BootHttpDeps, 'find'>, serial: string): Machine | undefined {
  return deps.find(serial as Serial) ?? deps.find(serial.trim() as Serial);
}

function isRead(request: BootRequest): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}
