/**
 * Watches over one stream to one member, resumed elsewhere when it breaks.
 *
 * A watch resumes after the last event it delivered and after nothing else: the store's own revision on reconnecting
 * says nothing about events still on their way. A progress notification we asked for may overtake events in etcd 3.4
 * (etcd issue 15220), so it only proves that the link lives; etcd's own ones are in order and do move the resume point.
 */

import type { IDuplexStream, IEvent, IWatchRequest, IWatchResponse } from 'etcd3';
import type { Revision, WatchEvent, Watching, WatchNews } from '../store.ts';
import type { Log } from '../world.ts';
import type { Connection, Member } from './etcd-connection.ts';
import { isMark, type KeySpace } from './etcd-keys.ts';
import { plainWords } from './etcd-problem.ts';

export type EtcdWatches = {
  readonly watch: (prefix: string, after: Revision, onNews: (news: WatchNews) => void) => Watching;
  readonly close: () => void;
};

type Stream = IDuplexStream<IWatchRequest, IWatchResponse>;

type Watch = {
  readonly id: string;
  readonly prefix: string;
  readonly onNews: (news: WatchNews) => void;
  /** The first revision not delivered yet. */
  next: bigint;
  /** The store has confirmed it on the present stream. */
  attached: boolean;
  /** Parts of a revision too large for one message; dropped with the stream. */
  fragments: IEvent[];
};

/** Between questions whether the link lives; each answer is `progress` for all watches. */
const askMs = 2_000;
/** No message for this long: the stream is given up, another member is tried. */
const deadMs = 5_000;
/** No message for this long: the watches are told that they are behind. */
const behindMs = 3_000;
const pauseMinMs = 50;
const pauseMaxMs = 500;

export function etcdWatches(connection: Connection, space: KeySpace, log: Log): EtcdWatches {
  const watches = new Map<string, Watch>();
  let stream: Stream | undefined;
  let member: Member | undefined;
  let connecting = false;
  let lastId = 0;
  let heardMs = 0;
  let pauseMs = pauseMinMs;
  let trouble = 'not connected yet';
  let clusterId: string | undefined;
  let ticker: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;

  const send = (request: IWatchRequest) => void stream?.write(request);

  const connect = async () => {
    if (connecting || stream !== undefined || watches.size === 0) return;
    connecting = true;
    const chosen = connection.pick();
    try {
      // A linearizable read first: it proves that this member has a quorum, renews an outdated password token, and
      // tells the store's true revision.
      const key = space.toBytes('tetsukan/');
      const { header } = await chosen.client.kv.range({ key, count_only: true });
      endRewound(header.cluster_id, BigInt(header.revision));
      const opened = await chosen.client.watchClient.watch();
      connecting = false;
      if (watches.size === 0) return opened.cancel();
      follow(opened, chosen);
    } catch (error) {
      connecting = false;
      connection.suspect(chosen);
      again(plainWords(error instanceof Error ? error.message : String(error)));
    }
  };

  const follow = (opened: Stream, chosen: Member) => {
    stream = opened;
    member = chosen;
    const mine = (act: () => void) => () => {
      if (stream === opened) act();
    };
    opened.on('data', (response) => mine(() => receive(response))());
    opened.on('error', (error) => mine(() => drop(plainWords(error.message)))());
    opened.on(
      'end',
      mine(() => drop('the stream was ended by etcd')),
    );
    for (const watch of watches.values()) create(watch);
  };

  const create = (watch: Watch) => {
    send({
      create_request: {
        ...space.range(watch.prefix),
        start_revision: String(watch.next),
        watch_id: watch.id,
        progress_notify: true,
        fragment: true,
      },
    });
  };

  /** The present stream is of no more use. */
  const drop = (why: string) => {
    const gone = stream;
    stream = undefined;
    if (member !== undefined) connection.suspect(member);
    for (const watch of watches.values()) {
      watch.attached = false;
      watch.fragments = [];
    }
    gone?.cancel();
    again(why);
  };

  const again = (why: string) => {
    trouble = why;
    log.debug('watch stream lost, connecting again', { text: why });
    clearTimeout(retry);
    retry = setTimeout(connect, pauseMs);
    pauseMs = Math.min(pauseMs * 2, pauseMaxMs);
  };

  const receive = (response: IWatchResponse) => {
    heardMs = performance.now();
    pauseMs = pauseMinMs;
    const watch = watches.get(response.watch_id);
    if (response.canceled) return cancelled(watch, response);
    // An answer to our own question; it belongs to no watch and proves no revision.
    if (watch === undefined) return reportProgress();
    if (response.created) {
      watch.attached = true;
      return progress(watch);
    }
    if (response.fragment) {
      for (const event of response.events) watch.fragments.push(event);
      return;
    }
    const events = watch.fragments.concat(response.events);
    watch.fragments = [];
    if (events.length > 0) return deliver(watch, events);
    // etcd's own notification: all events up to here were sent before it.
    const reached = BigInt(response.header.revision) + 1n;
    if (reached > watch.next) watch.next = reached;
    progress(watch);
  };

  const cancelled = (watch: Watch | undefined, response: IWatchResponse) => {
    if (watch !== undefined && response.compact_revision !== '0') {
      return endWatch(watch, response.compact_revision);
    }
    // We have stopped it ourselves, and all others go on. A watch that etcd would not begin is `created`, too.
    if (watch === undefined && !response.created && BigInt(response.watch_id) > 0n) return;
    drop(`etcd refused the watch: ${response.cancel_reason || 'no reason given'}`);
  };

  /** One piece of news per revision; what was delivered before a reconnect does not come again. */
  const deliver = (watch: Watch, events: readonly IEvent[]) => {
    let at = 0;
    while (at < events.length && watches.get(watch.id) === watch) {
      const revision = events[at]?.kv.mod_revision ?? '0';
      let end = at;
      while (events[end]?.kv.mod_revision === revision) end += 1;
      const batch = events.slice(at, end);
      at = end;
      if (BigInt(revision) < watch.next) continue;
      watch.next = BigInt(revision) + 1n;
      const wanted = batch.map(toEvent).filter((event) => !isMark(keyOf(event), watch.prefix));
      if (wanted.length === 0) progress(watch);
      else watch.onNews({ kind: 'events', events: wanted, revision: revision as Revision });
    }
  };

  const toEvent = (event: IEvent): WatchEvent =>
    event.type === 'Put'
      ? { kind: 'put', entry: space.toEntry(event.kv) }
      : {
          kind: 'delete',
          key: space.toKey(event.kv.key),
          modRevision: event.kv.mod_revision as Revision,
        };

  const progress = (watch: Watch) => {
    watch.onNews({ kind: 'progress', revision: String(watch.next - 1n) as Revision });
  };
  const reportProgress = () => {
    for (const watch of [...watches.values()]) if (watch.attached) progress(watch);
  };

  const endWatch = (watch: Watch, compactRevision: string) => {
    remove(watch);
    watch.onNews({ kind: 'compacted', compactRevision: compactRevision as Revision });
  };

  /** A store that was wiped or restored counts anew; old resume points would wait for ever or skip changes. */
  const endRewound = (foundClusterId: string, revision: bigint) => {
    const known = clusterId;
    clusterId = foundClusterId;
    const replaced = known !== undefined && known !== foundClusterId;
    for (const watch of [...watches.values()]) {
      if (!replaced && revision >= watch.next - 1n) continue;
      log.error('the store was rewound or replaced, listing again', {
        prefix: watch.prefix,
        seen: String(watch.next - 1n),
        storeRevision: String(revision),
        clusterReplaced: replaced,
      });
      endWatch(watch, String(revision));
    }
  };

  const tick = () => {
    const silentMs = performance.now() - heardMs;
    if (stream !== undefined && silentMs >= deadMs)
      drop(`nothing heard for ${Math.round(silentMs)} ms`);
    else if (stream !== undefined) send({ progress_request: {} });
    if (silentMs < behindMs) return;
    for (const watch of [...watches.values()]) {
      watch.onNews({ kind: 'behind', silentMs: Math.round(silentMs), text: trouble });
    }
  };

  const remove = (watch: Watch) => {
    watches.delete(watch.id);
    if (watches.size > 0) {
      if (stream !== undefined) send({ cancel_request: { watch_id: watch.id } });
      return;
    }
    clearInterval(ticker);
    clearTimeout(retry);
    ticker = undefined;
    const gone = stream;
    stream = undefined;
    gone?.cancel();
  };

  return {
    watch: (prefix, after, onNews) => {
      lastId += 1;
      const watch: Watch = {
        id: String(lastId),
        prefix,
        onNews,
        next: BigInt(after) + 1n,
        attached: false,
        fragments: [],
      };
      if (watches.size === 0) heardMs = performance.now();
      watches.set(watch.id, watch);
      ticker ??= setInterval(tick, askMs);
      if (stream !== undefined) create(watch);
      else void connect();
      return { stop: () => (watches.get(watch.id) === watch ? remove(watch) : undefined) };
    },
    close: () => {
      for (const watch of [...watches.values()]) remove(watch);
    },
  };
}

function keyOf(event: WatchEvent): string {
  return event.kind === 'put' ? event.entry.key : event.key;
}
