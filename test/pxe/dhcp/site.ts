/**
 * Servers on one store, clients, and a wire between them that delays, reorders, doubles and loses: what the property
 * "no address has two users" is tried on. Clients follow RFC 2131; the model below them only knows who uses what.
 */

import { createMemoryStore } from '../../../src/base/memory-store.ts';
import { fail } from '../../../src/base/result.ts';
import type { Store } from '../../../src/base/store.ts';
import { type ManualClock, manualClock, settled } from '../../support/clock.ts';
import { ipamG } from '../../support/machines.ts';
import { aBed, type Bed, type MessageParts, message, type Reply } from './bed.ts';

export type Step =
  /** A client that uses no address, or gives up the one it uses, asks for one. */
  | { readonly kind: 'discover'; readonly client: number; readonly relayed: boolean }
  /** The same and the REQUEST that follows, as it goes nearly always: nothing is late. */
  | { readonly kind: 'bind'; readonly client: number; readonly offer: number }
  /** It takes an offer it has. */
  | { readonly kind: 'take'; readonly client: number; readonly offer: number }
  /** It restarts and asks for the address it had. */
  | { readonly kind: 'reboot'; readonly client: number }
  | { readonly kind: 'renew'; readonly client: number; readonly relayed: boolean }
  | { readonly kind: 'release' | 'decline'; readonly client: number }
  /** A liar: REQUEST, RELEASE or DECLINE of any address at any server, while it uses none. */
  | { readonly kind: 'lie'; readonly client: number; readonly address: number; readonly as: number }
  /** One of the datagrams under way arrives, 0 the last that was sent; perhaps it arrives once more later. */
  | { readonly kind: 'deliver'; readonly which: number; readonly again: boolean }
  | { readonly kind: 'lose'; readonly which: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'crash'; readonly server: number }
  | { readonly kind: 'store'; readonly server: number; readonly state: StoreState }
  /** The wall clocks of all servers are set. */
  | { readonly kind: 'jump'; readonly ms: number };

export const storeStates = ['well', 'down', 'answers-lost', 'stuck'] as const;
export type StoreState = (typeof storeStates)[number];

export type SiteReport = {
  /** Sentences; none is what we want. */
  readonly violations: readonly string[];
  readonly bound: number;
  /** Addresses that went from one client to another. */
  readonly handedOn: number;
};

export const serverCount = 3;
export const clientCount = 7;
const addressCount = 3;
const leaseMs = 60_000;
/** By how much the servers' clocks differ from the true time. */
const skewsMs = [0, 45_000, -45_000];

type Client = {
  readonly number: number;
  xid: number;
  /** When the first REQUEST of this xid left; a lease counts from there (RFC 2131 section 4.4.1). */
  askedAtMs: number | undefined;
  offers: { readonly address: string; readonly server: string }[];
  using: { readonly address: string; readonly untilMs: number } | undefined;
  /** What it remembers for a restart. */
  had: string | undefined;
  /** RELEASEs that no server has dealt with yet. */
  releasing: number;
};

type Datagram = {
  /** A message to one server, or a reply. */
  readonly to: { readonly server: number } | { readonly client: Client; readonly reply: Reply };
  readonly payload: Uint8Array;
};

/** @param isShared false: each server has a store of its own, which must be noticed. */
export async function runSite(steps: readonly Step[], isShared = true): Promise<SiteReport> {
  const truth = manualClock();
  const memory = createMemoryStore({ clock: truth });
  const violations: string[] = [];
  const lastUser = new Map<string, number>();
  let bound = 0;
  let handedOn = 0;
  let wire: Datagram[] = [];

  const servers = Array.from({ length: serverCount }, (_, at) =>
    aServer(at, () => (isShared ? memory : createMemoryStore({ clock: truth })).session()),
  );
  const clients = Array.from(
    { length: clientCount },
    (_, at): Client => ({
      number: at + 1,
      xid: 0,
      askedAtMs: undefined,
      offers: [],
      using: undefined,
      had: undefined,
      releasing: 0,
    }),
  );
  const nowMs = (): number => truth.monotonicMs();

  const use = (client: Client, address: string, untilMs: number): void => {
    if (untilMs <= nowMs()) return;
    for (const other of clients) {
      if (other === client || other.using?.address !== address) continue;
      if (other.using.untilMs <= nowMs()) continue;
      violations.push(`${address} is used by ${other.number} and lent to ${client.number}`);
    }
    if ((lastUser.get(address) ?? client.number) !== client.number) handedOn += 1;
    lastUser.set(address, client.number);
    client.using = { address, untilMs };
    client.had = address;
    bound += 1;
  };

  const hear = (client: Client, reply: Reply): void => {
    if (reply.xid !== client.xid) return;
    const server = (reply.options.get(54) ?? []).join('.');
    if (reply.type === 'offer') client.offers.push({ address: reply.yourAddress, server });
    if (reply.type === 'nak') client.using = undefined;
    if (reply.type === 'ack' && client.askedAtMs !== undefined) {
      use(client, reply.yourAddress, client.askedAtMs + leaseMs);
    }
  };

  const arrive = ({ to, payload }: Datagram): void => {
    if ('client' in to) {
      hear(to.client, to.reply);
      return;
    }
    const server = servers[to.server];
    const life = server?.life;
    void server
      ?.bed()
      .ask(payload)
      .then((reply) => {
        if (reply === undefined || server.life !== life) return;
        const client = clients.find(({ number }) => reply.mac.endsWith(`:0${number}`));
        if (client !== undefined) wire.push({ to: { client, reply }, payload: reply.bytes });
      });
  };

  const say = (client: Client, type: Parameters<typeof message>[0], parts: MessageParts): void => {
    const payload = message(type, { mac: client.number, xid: client.xid, ...parts });
    for (const at of servers.keys()) wire.push({ to: { server: at }, payload });
  };
  const begin = (client: Client): void => {
    client.using = undefined;
    client.offers = [];
    client.xid += 1;
    client.askedAtMs = undefined;
  };
  const relay = (relayed: boolean): MessageParts => (relayed ? { giaddr: '10.69.1.2' } : {});

  /** Nothing tells an old RELEASE from a new one; so one is dealt with before its client asks anew. */
  const release = (client: Client, to: number, payload: Uint8Array): void => {
    client.releasing += 1;
    void servers[to]
      ?.bed()
      .ask(payload)
      .then(() => {
        client.releasing -= 1;
      });
  };

  const takes = (client: Client, which: number): MessageParts | undefined => {
    const offer = client.offers[which % client.offers.length];
    if (offer !== undefined) client.askedAtMs ??= nowMs();
    return offer && { wants: offer.address, server: offer.server };
  };
  /** A message that reaches all servers at once, and whose replies come back at once. */
  const exchange = async (
    client: Client,
    type: Parameters<typeof message>[0],
    parts: MessageParts | undefined,
  ): Promise<void> => {
    if (parts === undefined) return;
    const under = wire;
    wire = [];
    say(client, type, parts);
    const messages = wire;
    wire = [];
    for (const one of messages) arrive(one);
    await settled();
    for (const one of wire) arrive(one);
    wire = under;
  };

  const act = async (step: Step): Promise<void> => {
    const client = 'client' in step ? clients[step.client] : undefined;
    if (client !== undefined && client.releasing > 0) return;
    const using =
      client?.using !== undefined && client.using.untilMs > nowMs() ? client.using : undefined;
    switch (step.kind) {
      case 'discover':
        if (client === undefined) return;
        begin(client);
        return say(client, 'discover', relay(step.relayed));
      case 'bind':
        if (client === undefined) return;
        begin(client);
        await exchange(client, 'discover', {});
        return exchange(client, 'request', takes(client, step.offer));
      case 'take': {
        if (client === undefined) return;
        const parts = takes(client, step.offer);
        return parts && say(client, 'request', parts);
      }
      case 'reboot':
        if (client?.had === undefined) return;
        begin(client);
        client.askedAtMs = nowMs();
        return say(client, 'request', { wants: client.had });
      case 'renew':
        if (client === undefined || using === undefined) return;
        client.xid += 1;
        client.offers = [];
        client.askedAtMs = nowMs();
        return say(client, 'request', { ciaddr: using.address, ...relay(step.relayed) });
      case 'release':
      case 'decline': {
        if (client === undefined || using === undefined) return;
        begin(client);
        const at = (client.number + client.xid) % serverCount;
        const server = serverAddress(at);
        const parts: MessageParts =
          step.kind === 'release'
            ? { server, ciaddr: using.address }
            : { server, wants: using.address };
        const payload = message(step.kind, { mac: client.number, xid: client.xid, ...parts });
        return step.kind === 'release'
          ? release(client, at, payload)
          : arrive({ to: { server: at }, payload });
      }
      case 'lie': {
        if (client === undefined) return;
        begin(client);
        const address = `10.69.1.${60 + (step.address % addressCount)}`;
        const server = serverAddress(step.as % serverCount);
        if (step.as % 4 === 0) {
          const parts = { mac: client.number, xid: client.xid, server, ciaddr: address };
          for (const to of servers.keys()) {
            release(client, to, message('release', parts));
          }
          return;
        }
        if (step.as % 4 === 1) return say(client, 'decline', { server, wants: address });
        client.askedAtMs = nowMs();
        return say(client, 'request', { server, wants: address });
      }
      case 'deliver':
      case 'lose': {
        const at = wire.length - 1 - (step.which % Math.max(1, wire.length));
        const datagram = wire[at];
        if (datagram === undefined) return;
        if (step.kind === 'lose' || !step.again) wire = wire.filter((one) => one !== datagram);
        if (step.kind === 'deliver') arrive(datagram);
        return;
      }
      case 'pass':
        truth.advance(step.ms);
        for (const server of servers) server.pass(step.ms);
        return;
      case 'crash':
        servers[step.server]?.crash();
        return;
      case 'store':
        servers[step.server]?.setStore(step.state);
        return;
      case 'jump':
        for (const server of servers) server.jump(step.ms);
        return;
    }
  };

  for (const step of steps) {
    await act(step);
    await settled();
  }
  return { violations, bound, handedOn };
}

function serverAddress(at: number): string {
  return `10.69.1.${3 + at}`;
}

function aServer(at: number, session: () => Store) {
  const clock: ManualClock = manualClock();
  clock.jump(skewsMs[at] ?? 0);
  const state: { store: StoreState; open: () => void; gate: Promise<void> } = {
    store: 'well',
    open: () => {},
    gate: Promise.resolve(),
  };
  const boot = (): Bed => {
    const memory = session();
    const store: Store = {
      ...memory,
      commit: async (conditions, writes) => {
        if (state.store === 'down') return fail({ kind: 'store-unavailable', text: 'no quorum' });
        if (state.store === 'stuck') await state.gate;
        const committed = await memory.commit(conditions, writes);
        return state.store === 'answers-lost'
          ? fail({ kind: 'outcome-unknown', text: 'cut' })
          : committed;
      },
    };
    return aBed({
      store,
      clock,
      server: serverAddress(at),
      ipam: { ...ipamG, maxNodesInRack: 56 },
      dhcp: { 'lease-minutes': 1 },
    });
  };
  let bed = boot();
  return {
    life: 0,
    bed: () => bed,
    crash(): void {
      this.life += 1;
      bed = boot();
    },
    setStore: (store: StoreState): void => {
      state.open();
      state.store = store;
      state.gate = new Promise((open) => {
        state.open = open;
      });
    },
    /** As its timer does every few seconds, a server looks at its clock. */
    pass: (ms: number): void => {
      clock.advance(ms);
      bed.responder.lookAtClock();
    },
    jump: (ms: number): void => {
      clock.jump(ms);
      bed.responder.lookAtClock();
    },
  };
}
