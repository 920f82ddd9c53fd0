/** `tetsu doctor --config`: examines a host for a server that does not run, or does not start. Needs no server. */

import { hostname } from 'node:os';
import type { EtcdConfig } from '../../base/io/etcd-connection.ts';
import { lookAtEtcd } from '../../base/io/etcd-look.ts';
import { openEtcdStore } from '../../base/io/etcd-store.ts';
import { libcFunction } from '../../base/io/native.ts';
import { systemChance } from '../../base/io/system-chance.ts';
import { systemClock } from '../../base/io/system-clock.ts';
import { createNet } from '../../base/io/udp.ts';
import type { Log } from '../../base/world.ts';
import { surveyDhcp } from '../../pxe/dhcp-survey.ts';
import { externalEtcd, readConfig } from '../io/start-files.ts';
import { takeoverParts } from '../takeover.ts';
import { hostChecks, storeChecks } from './checks.ts';
import { type DoctorReport, reportOf } from './doctor.ts';
import { type Check, examine } from './examination.ts';
import { type Look, problem } from './finding.ts';
import type { HostLook } from './host.ts';
import { hostLook } from './io/host.ts';
import { checkSurvey } from './survey-check.ts';

/** How long other DHCP servers are listened for. */
const surveyMs = 4_000;

/**
 * Nothing is changed but etcd’s own key for timed writes.
 *
 * @param configFile of a server.
 * @param links interfaces on which one DISCOVER may be sent, to hear who else lends addresses there.
 */
export async function examineHost(
  configFile: string,
  links: readonly string[],
): Promise<DoctorReport> {
  const config = await readConfig(configFile, []);
  if (!config.ok) {
    const advice = 'correct it: docs/configuration.md has every member and its default';
    const looks = config.error.map((text) => problem(configFile, text, advice));
    const findings = await examine([{ name: 'configuration', look: () => looks }], systemClock);
    return reportOf(hostname(), findings, systemClock);
  }
  const { etcd: settings, serverName } = config.value;
  const etcd = settings.kind === 'external' ? await externalEtcd(settings) : undefined;
  const pems: Check[] =
    etcd === undefined || etcd.ok
      ? []
      : [
          {
            name: 'configuration',
            look: () => [
              problem(configFile, etcd.error, 'the file must be there and readable for this user'),
            ],
          },
        ];
  const members = etcd?.ok ? etcd.value : undefined;
  const opened =
    members !== undefined && (await isAnswering(members))
      ? await openEtcdStore(members, silent)
      : undefined;
  const store = opened?.ok ? opened.value : undefined;
  const isOurs = store !== undefined && (await hasOurSchema(store));
  const look = members && {
    look: () => lookAtEtcd(members, isOurs),
    maxTxnOps: settings.maxTxnOps,
  };
  const host = hostLook(config.value, look, undefined, libcFunction);
  const checks: readonly Check[] = [
    ...pems,
    ...hostChecks(host, systemClock, () => undefined),
    ...links.map((link) => ({ name: 'dhcp', look: () => survey(link, host) })),
    ...(store === undefined ? [] : storeChecks(host, store, takeoverParts)),
  ];
  const findings = await examine(checks, systemClock);
  await store?.close();
  return reportOf(serverName ?? hostname(), findings, systemClock);
}

async function survey(link: string, { interfaces }: HostLook): Promise<readonly Look[]> {
  const world = { net: createNet(), clock: systemClock, chance: systemChance };
  const offers = await surveyDhcp(world, link, surveyMs);
  const own = (await interfaces()).flatMap(({ addresses }) => addresses);
  return checkSurvey(link, offers, own);
}

/** Opening a store waits with patience for one that is down; nobody waits for the doctor to. */
async function isAnswering(config: EtcdConfig): Promise<boolean> {
  const { members } = await lookAtEtcd(config, false);
  return members.some(({ status }) => status !== undefined);
}

/** An older Sabakan may still be at work on another one. */
async function hasOurSchema(store: Parameters<typeof storeChecks>[1]): Promise<boolean> {
  const listing = await store.get(['version']);
  const [entry] = listing.ok ? listing.value.entries : [];
  return entry !== undefined && new TextDecoder().decode(entry.value).trim() === '3';
}

/** What it would say, the findings say. */
const silent: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silent,
};
