/** `tetsu migrate`: looks at a Sabakan's database, or upgrades it as a server does when it starts. Needs no server. */

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createRealWorld } from '../base/io/real-world.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type Finding, planTakeover, type Records, recordsOf } from '../inventory/takeover.ts';
import type { TakeoverReport } from '../inventory/takeover-report.ts';
import { type Upgrade, type UpgradeProblem, upgradeDatabase } from '../inventory/takeover-run.ts';
import { expectedFiles } from '../pxe/takeover.ts';
import { takeoverParts } from './takeover.ts';
import {
  type StoreCommandProblem,
  type StoreSource,
  toStandardError,
  withStore,
} from './with-store.ts';

export type MigrateProblem =
  | StoreCommandProblem
  | { readonly kind: 'not-understood'; readonly text: string };

/** Reads everything and writes nothing. @param dataDir also looks for the files of images and assets there. */
export function checkDatabase(
  source: StoreSource,
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

export function upgradeNow(source: StoreSource): Promise<Result<Upgrade, MigrateProblem>> {
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
