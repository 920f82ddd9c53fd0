/** What a sighting says of a boot: whose, and which step. Pure; most DHCP messages are none of a boot's. */

import { type Ipv4, type MacAddress, parseIpv4 } from '../../base/addresses.ts';
import type { BootStep, BootStepFacts, BootStepName, BootStepResult } from '../boot.ts';
import {
  addressTaken,
  type DhcpSighting,
  type HttpSighting,
  isTakenElsewhere,
  leftToAnother,
  type Sighting,
  type TftpSighting,
} from '../sightings.ts';

export type Note = {
  readonly mac?: MacAddress;
  readonly uuid?: string;
  readonly clientId?: string;
  /** It was lent this one. */
  readonly leased?: Ipv4;
  /** It asked from this one. */
  readonly from?: Ipv4;
  readonly serial?: string;
  readonly step: Omit<BootStep, 'server' | 'times'>;
  /** Of a transfer: what is told of it later replaces what was told before. */
  readonly transfer?: string;
  readonly isBeginning: boolean;
};

/** Texts of clients in records: an image's worth of user agent tells no more. */
const textMax = 120;
/** Why a step is as it is, in our words; a client's file name or serial number may be among them. */
const reasonMax = 400;

export function noteOf(sighting: Sighting): Note | undefined {
  switch (sighting.by) {
    case 'dhcp':
      return ofDhcp(sighting);
    case 'tftp':
      return ofTftp(sighting);
    case 'http':
      return ofHttp(sighting);
  }
}

/**
 * Cheap enough for every packet: renewals and the like are no step of a boot, unless a boot file is asked for. Of an
 * operating system only the end counts.
 */
export function isOfBoot(sighting: Sighting): boolean {
  if (sighting.by !== 'dhcp') return true;
  const { message, bootFile, client } = sighting;
  if (message === 'discover') return client.isIpxe || isFirmware(client.vendorClass);
  return message === 'selecting' || bootFile !== undefined;
}

function isFirmware(vendorClass = ''): boolean {
  return vendorClass.startsWith('PXEClient') || vendorClass.startsWith('HTTPClient');
}

/** Which step a DHCP message is, if it is any. */
export function stepOf({ client, message }: DhcpSighting): DhcpStepName {
  const isOffer = message === 'discover';
  if (client.isIpxe) return isOffer ? 'ipxe-offer' : 'ipxe-ack';
  if (isFirmware(client.vendorClass)) return isOffer ? 'firmware-offer' : 'firmware-ack';
  return 'os-dhcp';
}

type DhcpStepName = Extract<
  BootStepName,
  'ipxe-offer' | 'ipxe-ack' | 'firmware-offer' | 'firmware-ack' | 'os-dhcp'
>;

/** Whether a note of the message would say what the step says, but for its time. */
export function isSame({ name, result, text, facts }: BootStep, told: DhcpSighting): boolean {
  if (name !== stepOf(told) || result !== resultOf(told)) return false;
  if (facts.address !== told.address || facts.bootFile !== told.bootFile) return false;
  if (facts.relay !== told.relay?.address || facts.interface !== told.interface) return false;
  const { vendorClass = '' } = told.client;
  const told60 = vendorClass === '' || isTakenElsewhere(told) ? undefined : vendorClass;
  return facts.vendorClass === (told60 && cut(told60)) && text === textOf(told);
}

function isGood(told: DhcpSighting): boolean {
  return told.answer === 'offer' || told.answer === 'ack' || isTakenElsewhere(told);
}

function resultOf(told: DhcpSighting): BootStepResult {
  return isGood(told) ? 'done' : 'failed';
}

function textOf(told: DhcpSighting): string {
  const { answer, reason, bootFile, client } = told;
  if (!isGood(told)) return shortened(`${answer}: ${reason}`);
  const isElsewhere = isTakenElsewhere(told);
  const hasNoFile = !isElsewhere && isFirmware(client.vendorClass) && bootFile === undefined;
  return hasNoFile || isElsewhere ? shortened(reason) : '';
}

function ofDhcp(told: DhcpSighting): Note | undefined {
  if (!isOfBoot(told)) return undefined;
  // It chose another server, which tells of its own part.
  if (told.answer === 'silence' && told.reason === leftToAnother.choice) return undefined;
  const { client } = told;
  const { vendorClass = '' } = client;
  const name = stepOf(told);
  const taken = addressTaken(told);
  // Of the operating system's only the end counts.
  if (name === 'os-dhcp' && taken === undefined) return undefined;
  const { relay } = told;
  const { uuid, clientId } = client;
  const isElsewhere = isTakenElsewhere(told);
  const [architecture] = client.architectures;
  const circuit = relay?.circuitId;
  const facts: BootStepFacts = {
    ...(told.address === undefined ? {} : { address: told.address }),
    ...(told.bootFile === undefined ? {} : { bootFile: told.bootFile }),
    ...(relay === undefined ? {} : { relay: relay.address }),
    ...(circuit === undefined ? {} : { circuit: printable(circuit) }),
    ...(told.interface === undefined ? {} : { interface: told.interface }),
    // Of another server's answer nobody says that it lacks a boot file: ours had it.
    ...(vendorClass === '' || isElsewhere ? {} : { vendorClass: cut(vendorClass) }),
    ...(architecture === undefined || isElsewhere ? {} : { architecture }),
  };
  return {
    mac: told.mac,
    ...(uuid === undefined ? {} : { uuid }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(taken === undefined ? {} : { leased: taken }),
    step: {
      name,
      at: told.at,
      lastAt: told.at,
      result: resultOf(told),
      text: textOf(told),
      facts,
    },
    isBeginning: name !== 'os-dhcp',
  };
}

const tftpResults: Readonly<Record<TftpSighting['kind'], BootStepResult>> = {
  started: 'running',
  moving: 'running',
  completed: 'done',
  'size-only': 'done',
  aborted: 'failed',
  'given-up': 'failed',
  'not-found': 'missed',
  refused: 'failed',
  'over-limit': 'failed',
};

function ofTftp(told: TftpSighting): Note {
  const { kind, client, file } = told;
  const name = kind === 'not-found' ? 'other' : kind === 'size-only' ? 'loader-size' : 'loader';
  const options = [...told.options].map(([option, value]) => `${option}=${value}`).join(' ');
  return {
    ...fromOf(client.address),
    transfer: `${client.address}:${client.port}`,
    step: {
      name,
      at: told.at,
      lastAt: told.at,
      result: tftpResults[kind],
      text: kind === 'completed' ? '' : shortened(told.text),
      facts: {
        client: client.address,
        path: cut(file),
        ...(options === '' ? {} : { options: cut(options) }),
        ...(kind === 'started' || kind === 'not-found' ? {} : { durationMs: told.durationMs }),
        bytes: told.bytes,
        ...(told.resentBlocks === 0 ? {} : { resentBlocks: told.resentBlocks }),
      },
    },
    isBeginning: name !== 'other',
  };
}

function ofHttp(told: HttpSighting): Note | undefined {
  const { kind, phase, status, method } = told;
  // All was said when it was answered; the body of an error is no download.
  if (status >= 300 && phase !== 'answered') return undefined;
  const isHead = method === 'HEAD';
  const name = kind === 'loader' && isHead ? 'loader-size' : kind;
  const isWhole = phase === 'ended' && told.sentBytes >= told.bodyBytes;
  const result: BootStepResult =
    status >= 400
      ? kind === 'other'
        ? 'missed'
        : 'failed'
      : status >= 300
        ? 'redirected'
        : told.bodyBytes === 0 || isWhole
          ? 'done'
          : phase === 'ended'
            ? 'failed'
            : 'running';
  const text =
    result === 'failed' && status < 400 ? 'the download broke off' : shortened(told.text);
  return {
    ...fromOf(told.remoteAddress),
    ...(told.serial === undefined || told.serial === '' ? {} : { serial: told.serial }),
    transfer: told.requestId,
    step: {
      name,
      at: told.at,
      lastAt: told.at,
      result,
      text,
      facts: {
        client: told.remoteAddress,
        path: cut(told.path),
        status,
        ...(told.imageId === undefined ? {} : { imageId: cut(told.imageId) }),
        ...(told.userAgent === undefined ? {} : { userAgent: cut(told.userAgent) }),
        ...(told.bodyBytes === 0 || status >= 300
          ? {}
          : { bytes: told.sentBytes, totalBytes: told.bodyBytes }),
        ...(phase === 'answered' ? {} : { durationMs: Math.round(told.durationMs) }),
      },
    },
    isBeginning: name !== 'other' && name !== 'why' && name !== 'ignition',
  };
}

function fromOf(text: string): { readonly from?: Ipv4 } {
  const address = parseIpv4(text);
  return address.ok ? { from: address.value } : {};
}

function cut(text: string): string {
  return text.slice(0, textMax);
}

function shortened(text: string): string {
  return text.slice(0, reasonMax);
}

/** A switch's name for a port is mostly text. */
function printable(octets: Uint8Array): string {
  const isText = octets.every((octet) => octet >= 0x20 && octet < 0x7f);
  if (isText) return cut(String.fromCharCode(...octets));
  return cut(Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join(''));
}
