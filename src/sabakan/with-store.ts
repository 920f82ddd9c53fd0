/** For commands that need etcd and no server: of a server's configuration only where etcd is counts. */

import { access } from 'node:fs/promises';
import { fail, type Result } from '../base/result.ts';
import type { Store } from '../base/store.ts';
import type { Log, LogFields } from '../base/world.ts';
import { readEtcdConfig } from './io/start-files.ts';
import { openStore } from './open-store.ts';

export type StoreCommandProblem =
  /** The configuration or the flags. */
  | { readonly kind: 'usage'; readonly text: string }
  | { readonly kind: 'store'; readonly text: string };

export type StoreSource = {
  readonly configFile: string | undefined;
  /** Sabakan's, as for a server. */
  readonly flags: readonly string[];
};

/** Opens the store, works, and closes it again, whatever came of it. */
export async function withStore<T, E>(
  source: StoreSource,
  work: (store: Store, prefix: string) => Promise<Result<T, E>>,
): Promise<Result<T, E | StoreCommandProblem>> {
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

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** People read this beside the report, which alone goes to standard output. */
export const toStandardError: Log = {
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
