/** Where the cluster definition goes, and whether what lies there is still ours. */

import type { Freshness } from '../base/mirror.ts';
import type { Result } from '../base/result.ts';
import { compareRevisions, type Revision } from '../base/store.ts';
import type { LastCluster } from './cluster.ts';
import { readClusterFile } from './cluster-yaml.ts';
import { rewound } from './guard.ts';
import type { Refusal } from './refusal.ts';

export type SinkProblem = { readonly kind: 'sink-failed'; readonly text: string };

export type ClusterSink = {
  /** For messages: `file /var/lib/tetsukan/cluster.yml`. */
  readonly name: string;
  /** The text that lies there now; undefined when there is none. */
  readonly read: () => Promise<Result<string | undefined, SinkProblem>>;
  /** All or nothing: a reader sees the old text or the new one. */
  readonly write: (text: string) => Promise<Result<void, SinkProblem>>;
};

export type SinkState = {
  readonly refusal: Refusal | undefined;
  /** The fingerprint of what lies there, if it is ours and of the last generation. */
  readonly fingerprint: string | undefined;
};

/**
 * A file of an older generation is left from a server that stopped before it could write, or was not the leader
 * for a while: it is written again. Anything else that is not the last generation has another author.
 */
export function checkSink(
  name: string,
  read: Result<string | undefined, SinkProblem>,
  last: LastCluster | undefined,
  revision: Revision,
  freshness: Freshness,
): SinkState {
  const refuse = (refusal: Refusal): SinkState => ({ refusal, fingerprint: undefined });
  if (!read.ok) {
    return refuse({
      kind: 'sink-unreadable',
      holds: 'everything',
      text: `${name} cannot be read: ${read.error.text}`,
      numbers: {},
      release: 'goes on by itself once it can be read',
    });
  }
  if (read.value === undefined) return { refusal: undefined, fingerprint: undefined };
  const file = readClusterFile(read.value);
  const generation = last?.generation ?? 0;
  if (file.kind === 'foreign')
    return refuse(foreign(name, 'was written or edited by somebody else'));
  if (file.generation > generation) {
    const release =
      'bring the store back to its newest state; move the file away only to found a cluster anew';
    const text = `${name} holds generation ${file.generation}, the store knows of ${generation}`;
    const refusal = rewound(revision, file.inventoryRevision as Revision, `${name} was written`);
    return refuse({
      ...refusal,
      release,
      text: `${text}: the store was restored from a backup, or it is another store`,
    });
  }
  if (
    freshness.kind === 'live' &&
    compareRevisions(revision, file.inventoryRevision as Revision) < 0
  ) {
    return refuse(rewound(revision, file.inventoryRevision as Revision, `${name} was written`));
  }
  if (file.generation === generation && file.fingerprint !== last?.fingerprint) {
    return refuse(foreign(name, `holds another generation ${generation} than the one we wrote`));
  }
  const current = file.generation === generation;
  return { refusal: undefined, fingerprint: current ? file.fingerprint : undefined };
}

function foreign(name: string, what: string): Refusal {
  return {
    kind: 'sink-foreign',
    holds: 'everything',
    text: `${name} ${what}: two authors would undo each other, so nothing is written`,
    numbers: {},
    release: 'find the other author; then move the file away, so that it is written anew',
  };
}
