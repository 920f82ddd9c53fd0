/** What an etcd cluster looks like from here, and what of it would hurt. */

import type { EtcdFacts, EtcdMemberFacts } from '../../base/etcd-facts.ts';
import { bytesText, fine, type Look, problem, warning } from './finding.ts';

/** etcd's default quota (`--quota-backend-bytes`), where it does not say its own. */
const quotaDefaultBytes = 2 * 1024 ** 3;
const spaceWarnShare = 0.75;
/** A database this small is worth no defragmentation. */
const fragmentedBytesMin = 256 * 1024 ** 2;
const fragmentedShare = 0.5;
/** etcd's own advice: p99 of WAL fsync below 10 ms; a commit needs two of them and the network. */
const writeWarnMs = 100;
const readWarnMs = 50;
/** Every write of ours wakes the loops of all servers at once; a member this far behind is ill. */
const lagWarn = 1_000;
const clockWarnMs = 5_000;
const neverCompactedWarn = 100_000;
/** Oldest one whose watches and leases behave as the store here expects. */
const versionMin = [3, 4] as const;

export function checkEtcd(facts: EtcdFacts, maxTxnOps: number): readonly Look[] {
  const { members } = facts;
  const answering = members.filter(({ status }) => status !== undefined);
  return [
    ...members.map(reached),
    ...membership(facts, answering),
    ...alarms(facts),
    ...answering.flatMap(space),
    ...answering.flatMap(behind(newest(answering))),
    ...answering.flatMap(readSpeed),
    ...(answering.length === 0 ? [] : writeSpeed(facts)),
    ...answering.flatMap(clock),
    ...limits(facts, answering, maxTxnOps),
  ];
}

function reached({ endpoint, status, silent }: EtcdMemberFacts): Look {
  if (status === undefined) {
    return problem(
      endpoint,
      `no answer: ${silent ?? 'unknown'}`,
      'is etcd running there (systemctl status etcd)? is the address in etcd.endpoints right, and no firewall between?',
    );
  }
  const [major = 0, minor = 0] = status.version.split('.').map(Number);
  const isOld = major < versionMin[0] || (major === versionMin[0] && minor < versionMin[1]);
  const found = `etcd ${status.version}, database ${bytesText(status.dbBytes)}, revision ${status.revision}`;
  if (isOld) return warning(endpoint, found, `use etcd ${versionMin.join('.')} or newer`);
  return fine(endpoint, found);
}

function membership(facts: EtcdFacts, answering: readonly EtcdMemberFacts[]): readonly Look[] {
  const looks: Look[] = [];
  const statuses = answering.flatMap(({ status }) => status ?? []);
  const clusters = new Set(statuses.map(({ clusterId }) => clusterId));
  if (clusters.size > 1) {
    looks.push(
      problem(
        'etcd.endpoints',
        `they belong to ${clusters.size} different clusters`,
        'name the members of one cluster only: servers would write to whichever answers',
      ),
    );
  }
  const leaderless = answering.filter(({ status }) => status?.leaderId === '0');
  for (const { endpoint } of leaderless) {
    looks.push(
      problem(
        endpoint,
        'it knows no leader, so nothing can be written',
        'a majority of the members is gone or cut off: start them again, look at their logs and the network between them',
      ),
    );
  }
  const count = facts.cluster?.length;
  if (count === undefined) return looks;
  const quorum = Math.floor(count / 2) + 1;
  const known = facts.members.length;
  const names = (facts.cluster ?? []).map(({ name }) => name || '(never started)').join(', ');
  const found = `${count} ${count === 1 ? 'member' : 'members'} (${names}); ${quorum} must run`;
  if (count === 1) {
    looks.push(
      warning('members', found, 'fine for a trial; in production run three, since one disk is all'),
    );
  } else if (count % 2 === 0) {
    looks.push(warning('members', found, 'an even number bears no more failures than one less'));
  } else looks.push(fine('members', found));
  if (known < count) {
    looks.push(
      warning(
        'etcd.endpoints',
        `names ${known} of ${count} members`,
        'name all of them: this server stops with the ones it knows',
      ),
    );
  }
  return looks;
}

function alarms({ alarms: raised }: EtcdFacts): readonly Look[] {
  const [first] = raised;
  if (first === undefined) return [];
  return raised.map(({ memberId, alarm }) =>
    /nospace/i.test(alarm)
      ? problem(
          `member ${memberId}`,
          'alarm NOSPACE: the space quota is reached, so every write is refused',
          'etcdctl compact REVISION, etcdctl defrag (each member), etcdctl alarm disarm; then a larger --quota-backend-bytes or auto-compaction',
        )
      : problem(
          `member ${memberId}`,
          `alarm ${alarm.toUpperCase()}: this member holds other data than the rest`,
          'take it out (etcdctl member remove) and add it anew with an empty data directory',
        ),
  );
}

function space({ endpoint, status, metrics }: EtcdMemberFacts): readonly Look[] {
  if (status === undefined) return [];
  const looks: Look[] = [];
  const quota = metrics?.quotaBytes ?? quotaDefaultBytes;
  const share = status.dbBytes / quota;
  const said = metrics?.quotaBytes === undefined ? ' (etcd’s default; it does not say)' : '';
  const found = `${bytesText(status.dbBytes)} of ${bytesText(quota)}${said}, ${Math.round(share * 100)} %`;
  const advice =
    'compact and defragment it (etcdctl compact, etcdctl defrag), or raise --quota-backend-bytes: at 100 % all writes are refused';
  if (share >= 0.95) looks.push(problem(`${endpoint} space`, found, advice));
  else if (share >= spaceWarnShare) looks.push(warning(`${endpoint} space`, found, advice));
  else looks.push(fine(`${endpoint} space`, found));
  const inUse = metrics?.inUseBytes;
  const isFragmented =
    inUse !== undefined &&
    status.dbBytes >= fragmentedBytesMin &&
    inUse < status.dbBytes * fragmentedShare;
  if (isFragmented) {
    looks.push(
      warning(
        `${endpoint} space`,
        `only ${bytesText(inUse)} of the file’s ${bytesText(status.dbBytes)} are in use`,
        'etcdctl defrag --endpoints this member, one member after another; it answers nothing meanwhile',
      ),
    );
  }
  return looks;
}

function newest(answering: readonly EtcdMemberFacts[]): bigint {
  const revisions = answering.map(({ status }) => BigInt(status?.revision ?? 0));
  return revisions.reduce((most, one) => (one > most ? one : most), 0n);
}

function behind(most: bigint): (member: EtcdMemberFacts) => readonly Look[] {
  return ({ endpoint, status }) => {
    const lag = Number(most - BigInt(status?.revision ?? 0));
    if (lag <= lagWarn) return [];
    return [
      warning(
        endpoint,
        `it is ${lag} revisions behind the newest member`,
        'look at its disk and network: a member that cannot keep up answers late, and helps no quorum',
      ),
    ];
  };
}

function readSpeed({ endpoint, readMs }: EtcdMemberFacts): readonly Look[] {
  if (readMs.length === 0) return [];
  const { p50, max } = speed(readMs);
  const found = `${readMs.length} small reads: p50 ${p50.toFixed(1)} ms, max ${max.toFixed(1)} ms`;
  if (p50 < readWarnMs) return [fine(`${endpoint} reads`, found)];
  return [
    warning(
      `${endpoint} reads`,
      found,
      'a read needs no disk: the member or the network to it is overloaded',
    ),
  ];
}

function writeSpeed({ writes, alarms: raised }: EtcdFacts): readonly Look[] {
  const { ms, refused } = writes;
  if (refused !== undefined) {
    if (ms.length === 0 && refused === 'none were tried') return [];
    if (raised.length > 0) return [problem('writes', refused, 'see the alarm above')];
    return [
      problem(
        'writes',
        `a write to tetsukan/doctor failed: ${refused}`,
        'nothing can be changed, and DHCP gives no new address, until etcd takes writes again',
      ),
    ];
  }
  const { p50, max } = speed(ms);
  const found = `${ms.length} synced writes: p50 ${p50.toFixed(1)} ms, max ${max.toFixed(1)} ms`;
  if (p50 < writeWarnMs) return [fine('writes', found)];
  return [
    warning(
      'writes',
      found,
      'etcd syncs every write to disk on a majority: give it an SSD of its own (etcdctl check perf)',
    ),
  ];
}

function clock({ endpoint, clockAheadMs }: EtcdMemberFacts): readonly Look[] {
  if (clockAheadMs === undefined || Math.abs(clockAheadMs) <= clockWarnMs) return [];
  const seconds = Math.round(Math.abs(clockAheadMs) / 1000);
  const found = `its clock is ${seconds} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this host’s`;
  return [
    warning(
      endpoint,
      found,
      'leases do not depend on it, but certificates and logs do: set both hosts by NTP',
    ),
  ];
}

function limits(
  { takesTransactions, neverCompacted }: EtcdFacts,
  answering: readonly EtcdMemberFacts[],
  maxTxnOps: number,
): readonly Look[] {
  const looks: Look[] = [];
  if (takesTransactions === true) {
    looks.push(fine('etcd.max-txn-ops', `etcd takes the configured ${maxTxnOps} operations`));
  } else if (takesTransactions === false) {
    looks.push(
      problem(
        'etcd.max-txn-ops',
        `etcd refuses transactions of ${maxTxnOps} operations, as configured`,
        'set it to etcd’s --max-txn-ops (128 by default), or start etcd with as many',
      ),
    );
  }
  if (neverCompacted === true && newest(answering) > BigInt(neverCompactedWarn)) {
    looks.push(
      warning(
        'history',
        `revision 1 of ${newest(answering)} can still be read: nothing was ever compacted`,
        'start etcd with --auto-compaction-retention (1h, say), or the database grows until it is full',
      ),
    );
  }
  return looks;
}

function speed(ms: readonly number[]): { readonly p50: number; readonly max: number } {
  const sorted = ms.toSorted((a, b) => a - b);
  return { p50: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
}
