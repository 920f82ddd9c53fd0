/** What goes wrong while clients work: any one server and any one etcd member, killed or frozen, and back again. */

import type { TestEtcd } from '../support/etcd.ts';
import type { ChaosServer } from './servers.ts';

export type Blow = { readonly atMs: number; readonly text: string };

export type Nemesis = { readonly blows: readonly Blow[]; readonly stop: () => Promise<void> };

type Chance = { readonly next: () => number };

/** Two tracks, so that a server and a member may be away together, but never two of a kind. */
export function startNemesis(
  servers: readonly ChaosServer[],
  etcd: TestEtcd,
  chances: { readonly servers: Chance; readonly members: Chance },
  report: (text: string) => void,
): Nemesis {
  const blows: Blow[] = [];
  let wake = () => {};
  let stopped = false;
  const stopping = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const pause = (chance: Chance, fromMs: number, toMs: number) =>
    Promise.race([
      stopping,
      new Promise<void>((resolve) =>
        setTimeout(resolve, fromMs + chance.next() * (toMs - fromMs)).unref(),
      ),
    ]);
  const strike = (text: string) => void blows.push({ atMs: performance.now(), text });

  const launched = (server: ChaosServer) =>
    server.launch().then(
      () => true,
      (error: unknown) => {
        report(String(error));
        return stopped;
      },
    );

  const onServers = async () => {
    const chance = chances.servers;
    while (!stopped) {
      await pause(chance, 500, 5_000);
      const server = servers[Math.floor(chance.next() * servers.length)];
      if (server === undefined || stopped) return;
      if (chance.next() < 0.6) {
        strike(`kill server ${server.at}`);
        await server.kill();
        await pause(chance, 0, 3_000);
        // As a supervisor would; that it had to be tried again is a finding all the same.
        while (!(await launched(server))) await pause(chance, 500, 1_000);
      } else {
        strike(`freeze server ${server.at}`);
        server.signal('SIGSTOP');
        await pause(chance, 200, 9_000);
        server.signal('SIGCONT');
      }
    }
  };

  const onMembers = async () => {
    const chance = chances.members;
    while (!stopped) {
      await pause(chance, 1_000, 7_000);
      const member = etcd.members[Math.floor(chance.next() * etcd.members.length)];
      if (member === undefined || stopped) return;
      if (chance.next() < 0.6) {
        strike(`kill etcd ${member.name}`);
        await member.kill('SIGKILL');
        await pause(chance, 0, 4_000);
        await member.restart();
      } else {
        strike(`freeze etcd ${member.name}`);
        member.freeze();
        await pause(chance, 200, 9_000);
        member.thaw();
      }
    }
  };

  const tracks = [onServers(), onMembers()].map((track) =>
    track.catch((error: unknown) => report(String(error))),
  );
  return {
    blows,
    stop: async () => {
      stopped = true;
      wake();
      await Promise.all(tracks);
    },
  };
}
