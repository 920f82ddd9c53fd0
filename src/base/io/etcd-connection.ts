/**
 * The members of an etcd cluster, and which of them to ask.
 *
 * etcd3 makes the calls, one client per member so that we choose the member. Its own retries and circuit breakers are
 * off: they repeat writes whose outcome is unknown, and one slow answer closes the whole client.
 */

import { type CallOptions, InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import { fail, ok, type Result } from '../result.ts';
import { type CallProblem, callProblem } from './etcd-problem.ts';

export type EtcdConfig = {
  /** `http://127.0.0.1:2379` or `https://…`; all of one kind. */
  readonly endpoints: readonly string[];
  /** Goes before every key; `/sabakan/` for example. */
  readonly prefix: string;
  /** One call's deadline. */
  readonly timeoutMs: number;
  readonly username?: string;
  readonly password?: string;
  /** PEM texts. `cert` and `key` only where etcd asks for client certificates. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** The server's `--max-txn-ops`; etcd's default is 128. */
  readonly transactionOperationsMax?: number;
  /** The server's `--max-request-bytes`; etcd's default is 1.5 MiB. */
  readonly requestBytesMax?: number;
  /**
   * How often an idle connection is pinged. etcd rejects clients that ping more often than its
   * `--grpc-keepalive-min-time` (default 5 s), so below 5000 only with an etcd told so.
   */
  readonly pingMs?: number;
};

export type Member = { readonly endpoint: string; readonly client: Etcd3 };

export type Connection = {
  /** Tries members in turn until one answers: for calls that may be made twice. */
  readonly read: <T>(call: (client: Etcd3) => Promise<T>) => Promise<Result<T, CallProblem>>;
  /** Goes on to the next member only when it is certain that nothing was done. */
  readonly write: <T>(call: (client: Etcd3) => Promise<T>) => Promise<Result<T, CallProblem>>;
  /** The member to open a stream to. */
  readonly pick: () => Member;
  /** Ask others first for a while. */
  readonly suspect: (member: Member) => void;
  readonly close: () => void;
};

const pingDefaultMs = 5_500;
/** Where the processor is busy, answers are read late; calls and watches have deadlines of their own. */
const pingAnswerMs = 5_000;
const suspectMs = 5_000;
const reconnectMinMs = 50;
const reconnectMaxMs = 500;

export function connectMembers(config: EtcdConfig): Connection {
  const members = config.endpoints.map((endpoint) => ({
    endpoint,
    client: createClient(config, endpoint),
  }));
  const suspectUntilMs = new Map<Member, number>();
  let preferred = 0;

  /** All members, those not under suspicion first, beginning with the one that answered last. */
  const inTurn = (): Member[] => {
    const turned = [...members.slice(preferred), ...members.slice(0, preferred)];
    const nowMs = performance.now();
    const isSuspect = (member: Member) => (suspectUntilMs.get(member) ?? 0) > nowMs;
    return [...turned.filter((one) => !isSuspect(one)), ...turned.filter(isSuspect)];
  };
  const suspect = (member: Member) => {
    suspectUntilMs.set(member, performance.now() + suspectMs);
  };
  const attempt = async <T>(
    call: (client: Etcd3) => Promise<T>,
    mayGoOn: (problem: CallProblem) => boolean,
  ): Promise<Result<T, CallProblem>> => {
    let last: CallProblem = {
      kind: 'unavailable',
      text: 'no etcd member is configured',
      certain: true,
    };
    for (const member of inTurn()) {
      try {
        const answer = await call(member.client);
        preferred = members.indexOf(member);
        suspectUntilMs.delete(member);
        return ok(answer);
      } catch (error) {
        last = callProblem(error, member.endpoint);
        if (last.kind === 'unavailable') suspect(member);
        if (last.kind !== 'unavailable' || !mayGoOn(last)) break;
      }
    }
    return fail(last);
  };

  return {
    read: (call) => attempt(call, () => true),
    write: (call) => attempt(call, (problem) => problem.certain),
    pick: () => inTurn()[0] as Member,
    suspect,
    close: () => {
      for (const member of members) member.client.close();
    },
  };
}

/** A client of one member, which the caller closes. */
export function createClient(config: EtcdConfig, endpoint: string): Etcd3 {
  const { tls, username, password } = config;
  // With several members a read has time to try a second one.
  const unaryMs =
    config.endpoints.length > 1 ? Math.max(500, config.timeoutMs / 2) : config.timeoutMs;
  return new Etcd3({
    hosts: [endpoint],
    ...(username === undefined || username === ''
      ? {}
      : { auth: { username, password: password ?? '' } }),
    ...(tls === undefined ? {} : { credentials: credentialsOf(tls) }),
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: (context): CallOptions => ({
      interceptors: [wantLeader],
      ...(context.isStream ? {} : { deadline: Date.now() + unaryMs }),
    }),
    grpcOptions: {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': config.pingMs ?? pingDefaultMs,
      'grpc.keepalive_timeout_ms': pingAnswerMs,
      'grpc.initial_reconnect_backoff_ms': reconnectMinMs,
      'grpc.max_reconnect_backoff_ms': reconnectMaxMs,
      // Otherwise all stores of a process, and streams and calls of one store, share one TCP connection.
      'grpc.use_local_subchannel_pool': 1,
    },
  });
}

function credentialsOf(tls: NonNullable<EtcdConfig['tls']>) {
  return {
    // etcd3's type wants a root, but an undefined one means the system's roots.
    rootCertificate: (tls.ca === undefined ? undefined : Buffer.from(tls.ca)) as Buffer,
    ...(tls.cert === undefined ? {} : { certChain: Buffer.from(tls.cert) }),
    ...(tls.key === undefined ? {} : { privateKey: Buffer.from(tls.key) }),
  };
}

/** A member cut off from its quorum says "no leader" instead of staying silent (etcd: `hasleader` metadata). */
const wantLeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start: (metadata, listener, next) => {
      const own = metadata.clone();
      own.set('hasleader', 'true');
      next(own, listener);
    },
  });
