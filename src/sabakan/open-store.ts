/** The store that a configuration names: an etcd cluster somewhere, or one member of our own, started first. */

import { type EtcdChild, startEtcdChild } from '../base/io/etcd-child.ts';
import { openEtcdStore } from '../base/io/etcd-store.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Store } from '../base/store.ts';
import type { Log } from '../base/world.ts';
import type { EtcdSettings } from './config-etcd.ts';
import { externalEtcd } from './io/start-files.ts';

export async function openStore(
  settings: EtcdSettings,
  log: Log,
): Promise<Result<{ readonly store: Store; readonly child: EtcdChild | undefined }, string>> {
  const { prefix, timeoutMs } = settings;
  if (settings.kind === 'embedded') {
    const child = await startEtcdChild({ directory: settings.directory, log });
    if (!child.ok) return fail(child.error.text);
    const store = await openEtcdStore({ ...child.value.settings, prefix, timeoutMs }, log);
    if (store.ok) return ok({ store: store.value, child: child.value });
    await child.value.stop();
    return fail(store.error.text);
  }
  const config = await externalEtcd(settings);
  if (!config.ok) return config;
  const store = await openEtcdStore(config.value, log);
  return store.ok ? ok({ store: store.value, child: undefined }) : fail(store.error.text);
}
