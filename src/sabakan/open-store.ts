/** The store that a configuration names: an etcd cluster somewhere, or one member of our own, started first. */

import { type EtcdChild, startEtcdChild } from '../base/io/etcd-child.ts';
import type { EtcdConfig } from '../base/io/etcd-connection.ts';
import { openEtcdStore } from '../base/io/etcd-store.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Store } from '../base/store.ts';
import type { Log } from '../base/world.ts';
import type { EtcdSettings } from './config-etcd.ts';
import { externalEtcd } from './io/start-files.ts';

export type OpenStore = {
  readonly store: Store;
  readonly child: EtcdChild | undefined;
  /** How its members are asked. */
  readonly config: EtcdConfig;
};

export async function openStore(
  settings: EtcdSettings,
  log: Log,
): Promise<Result<OpenStore, string>> {
  const { prefix, timeoutMs } = settings;
  if (settings.kind === 'embedded') {
    const child = await startEtcdChild({ directory: settings.directory, log });
    if (!child.ok) return fail(child.error.text);
    const config = { ...child.value.settings, prefix, timeoutMs };
    const store = await openEtcdStore(config, log);
    if (store.ok) return ok({ store: store.value, child: child.value, config });
    await child.value.stop();
    return fail(store.error.text);
  }
  const config = await externalEtcd(settings);
  if (!config.ok) return config;
  const store = await openEtcdStore(config.value, log);
  return store.ok
    ? ok({ store: store.value, child: undefined, config: config.value })
    : fail(store.error.text);
}
