/** `tetsu migrate`: looks at a Sabakan's database, or upgrades it as a server does when it starts. Needs no server. */

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createRealWorld } from '../base/io/real-world.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Store } from '../base/store.ts';
import type { Log, LogFields } from '../base/world.ts';
import { type Finding, planTakeover, type Records, recordsOf } from '../inventory/takeover.ts';
import type { TakeoverReport } from '../inventory/takeover-report.ts';
import { type Upgrade, type UpgradeProblem, upgradeDatabase } from '../inventory/takeover-run.ts';
import { expectedFiles } from '../pxe/takeover.ts';
import { readEtcdConfig } from './io/start-files.ts';
import { openStore } from './open-store.ts';
import { takeoverParts } from './takeover.ts';

export type MigrateProblem =
  /** The configuration or the flags. */
  | { readonly kind: 'usage'; readonly text: string }
  | { readonly kind: 'store'; readonly text: string }
  | { readonly kind: 'not-understood'; readonly text: string };

export type MigrateSource = {
  readonly configFile: string | undefined;
  readonly flags: readonly string[];
};

/** Reads everything and writes nothing. @param dataDir also looks for the files of images and assets there. */
export function checkDatabase(
  source: MigrateSource,
  dataDir: string | undefined,
): Promise<Result<TakeoverReport, MigrateProblem>> {
  return withStore(source, async (store, prefix) => {
    const startMs = performance.now();
    const listing = await store.list('');
    if (!listing.ok) return fail({ kind: 'store', text: listing.error.text });
    const records = recordsOf(listing.value.entries);
    const planned = planTakeover(records, takeoverParts);
    const missing = dataDir === undefined ? [] : await missingFiles(records, dataDir);
    const after = await store.get([]);
    if (!after.ok) return fail({ kind: 'store', text: after.error.text });
    return ok({
      prefix,
      plan: { ...planned, findings: [...planned.findings, ...missing] },
      revision: listing.value.revision,
      revisionAfter: after.value.revision,
      seconds: Math.round(performance.now() - startMs) / 1000,
    });
  });
}

export function upgradeNow(source: MigrateSource): Promise<Result<Upgrade, MigrateProblem>> {
  return withStore(source, async (store) => {
    const world = createRealWorld({ store, log: toStandardError });
    const upgraded = await upgradeDatabase(world, takeoverParts);
    await world.close();
    return upgraded.ok ? upgraded : fail(problemOf(upgraded.error));
  });
}

function problemOf({ kind, text }: UpgradeProblem): MigrateProblem {
  return { kind: kind === 'not-understood' ? kind : 'store', text };
}

async function withStore<T>(
  source: MigrateSource,
  work: (store: Store, prefix: string) => Promise<Result<T, MigrateProblem>>,
): Promise<Result<T, MigrateProblem>> {
  const settings = await readEtcdConfig(source.configFile, source.flags);
  if (!settings.ok) {
    const lines = settings.error.map((line) => `\n  ${line}`).join('');
    return fail({ kind: 'usage', text: `the configuration has mistakes:${lines}` });
  }
  if (settings.value.kind === 'embedded' && !(await exists(settings.value.directory))) {
    const text = `etcd.embedded.data-dir: ${settings.value.directory} does not exist, so there is no database yet`;
    return fail({ kind: 'store', text });
  }
  const opened = await openStore(settings.value, toStandardError);
  if (!opened.ok) return fail({ kind: 'store', text: opened.error });
  try {
    return await work(opened.value.store, settings.value.prefix);
  } finally {
    await opened.value.store.close();
    await opened.value.child?.stop();
  }
}

async function missingFiles(records: Records, dataDir: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { key, of, path } of expectedFiles(records)) {
    if (await exists(join(dataDir, path))) continue;
    findings.push({
      key,
      weight: 'notice',
      what: `${of}: ${dataDir} has no ${path}`,
      does: 'fetches it from a server that has it, if one is running',
      remedy: 'copy it from another server of the old Sabakan, or upload it anew',
    });
  }
  return findings;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** People read this beside the report, which alone goes to standard output. */
const toStandardError: Log = {
  debug: () => {},
  info: (message, fields) => say(message, fields),
  warn: (message, fields) => say(message, fields),
  error: (message, fields) => say(message, fields),
  with: () => toStandardError,
};

function say(message: string, fields: LogFields = {}): void {
  const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  process.stderr.write(`tetsu: ${message}${facts.join('')}\n`);
}
