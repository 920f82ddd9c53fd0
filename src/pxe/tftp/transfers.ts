/** The transfers that run (`running.ts`), and how many there may be. */

import type { Endpoint, World } from '../../base/world.ts';
import type { SightingListener, TftpSighting } from '../sightings.ts';
import type { TftpCounters } from './counters.ts';
import { type NegotiationLimits, negotiate } from './negotiation.ts';
import type { Options } from './packet.ts';
import { createRunning, type Running } from './running.ts';

export type WantedFile = {
  readonly file: string;
  readonly content: Uint8Array;
  /** What `tsize` says; undefined: not agreed. */
  readonly sizeBytes: number | undefined;
  readonly options: Options;
};

export type Transfers = {
  /** Starts a transfer from a port of its own on the address that was asked; answers false when a limit is reached. */
  readonly open: (
    asked: Endpoint,
    client: Endpoint,
    request: Uint8Array,
    wanted: WantedFile,
  ) => boolean;
  readonly count: () => number;
  readonly stop: () => void;
};

export type TransferLimits = NegotiationLimits & {
  readonly transfersMax: number;
  readonly transfersPerAddressMax: number;
};

export function createTransfers(deps: {
  readonly world: Pick<World, 'clock' | 'net' | 'log'>;
  readonly limits: TransferLimits;
  readonly counters: TftpCounters;
  readonly tell: SightingListener;
}): Transfers {
  const { limits, counters, tell } = deps;
  const { clock, net, log } = deps.world;
  const running = new Map<string, Running>();
  /** Transfers per address; those whose socket is being opened count too. */
  const perAddress = new Map<string, number>();
  const opening = new Set<string>();
  let stopped = false;

  const start = async (
    asked: Endpoint,
    client: Endpoint,
    request: Uint8Array,
    { file, content, sizeBytes, options }: WantedFile,
  ) => {
    const key = keyOf(client);
    let transfer: Running | undefined;
    const opened = await net.openUdp({
      address: asked.address,
      port: 0,
      frames: true,
      peer: client,
      onDatagram: (datagram) => transfer?.onDatagram(datagram),
      onError: (error) => log.debug('a TFTP packet could not be sent', { text: error.message }),
    });
    opening.delete(key);
    if (!opened.ok || stopped) {
      forget(client.address);
      if (opened.ok) opened.value.close();
      else log.warn('no socket for a TFTP transfer', { text: opened.error.text });
      const text = opened.ok ? 'the server stops' : `no socket for it: ${opened.error.text}`;
      const at = clock.now();
      tell(neverStarted({ at, kind: 'refused', client, server: asked, file, request, text }));
      return;
    }
    const onEnd = () => {
      running.delete(key);
      forget(client.address);
    };
    transfer = createRunning(
      { clock, counters, tell, onEnd },
      opened.value,
      { server: asked, client, file, content, request },
      negotiate(options, sizeBytes, limits),
    );
    running.set(key, transfer);
    transfer.start();
  };

  const forget = (address: string) => {
    const left = (perAddress.get(address) ?? 1) - 1;
    if (left > 0) perAddress.set(address, left);
    else perAddress.delete(address);
  };

  return {
    count: () => running.size,
    open: (asked, client, request, wanted) => {
      const key = keyOf(client);
      if (opening.has(key)) return true;
      const before = running.get(key);
      if (before !== undefined) {
        if (before.isRepeatedBy(request)) return true;
        before.abort('the client asked anew from the same port');
      }
      const ofAddress = perAddress.get(client.address) ?? 0;
      if (
        running.size + opening.size >= limits.transfersMax ||
        ofAddress >= limits.transfersPerAddressMax
      ) {
        counters.overLimit += 1;
        return false;
      }
      opening.add(key);
      perAddress.set(client.address, ofAddress + 1);
      stopped = false;
      void start(asked, client, request.slice(), wanted);
      return true;
    },
    stop: () => {
      stopped = true;
      for (const transfer of [...running.values()]) transfer.abort('the server stops');
    },
  };
}

/** Of a request that never became a transfer. */
export function neverStarted(
  facts: Pick<TftpSighting, 'at' | 'kind' | 'client' | 'server' | 'file' | 'request' | 'text'>,
): TftpSighting {
  const nothing = { options: new Map(), bytes: 0, durationMs: 0, resentBlocks: 0 };
  return { by: 'tftp', ...facts, ...nothing };
}

function keyOf(client: Endpoint): string {
  return `${client.address}:${client.port}`;
}
