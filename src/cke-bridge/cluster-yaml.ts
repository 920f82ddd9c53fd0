/** cluster.yml as text: the same cluster always gives the same bytes, so that "did it change" is a comparison. */

import { stringify } from 'yaml';
import { formatIpv4 } from '../base/addresses.ts';
import type { Cluster, ClusterNode } from './cluster.ts';
import { fingerprintOf } from './fingerprint.ts';

/** The definition itself, as `ckecli cluster set` reads it. */
export function formatCluster(cluster: Cluster): string {
  const { name, ...rest } = Object.fromEntries(cluster.top);
  const nodes = cluster.nodes.map(formatNode).join('');
  const tail = Object.keys(rest).length === 0 ? '' : stringify(rest, { lineWidth: 0 });
  return `name: ${quote(String(name))}\nnodes:${nodes === '' ? ' []\n' : `\n${nodes}`}${tail}`;
}

/** What the sink gets: the definition under a first line by which we know our own file again. */
export function formatClusterFile(
  body: string,
  generation: number,
  inventoryRevision: string,
): string {
  return `# Written by Tetsukan: generation ${generation}, inventory revision ${inventoryRevision}, fingerprint ${fingerprintOf(body)}\n${body}`;
}

export type ClusterFile =
  /** Ours and untouched. */
  | {
      readonly kind: 'ours';
      readonly generation: number;
      readonly inventoryRevision: string;
      readonly fingerprint: string;
    }
  /** Written or edited by somebody else. */
  | { readonly kind: 'foreign' };

const headline =
  /^# Written by Tetsukan: generation (\d{1,15}), inventory revision (\d{1,20}), fingerprint ([0-9a-f]{32})\n/;

export function readClusterFile(text: string): ClusterFile {
  const parts = headline.exec(text);
  if (parts === null) return { kind: 'foreign' };
  const [line, generation = '', inventoryRevision = '', fingerprint = ''] = parts;
  if (fingerprintOf(text.slice(line.length)) !== fingerprint) return { kind: 'foreign' };
  return { kind: 'ours', generation: Number(generation), inventoryRevision, fingerprint };
}

function formatNode(node: ClusterNode): string {
  const taints = node.taints.map(
    (taint) =>
      `      - key: ${quote(taint.key)}\n        value: ${quote(taint.value)}\n        effect: ${taint.effect}\n`,
  );
  return (
    `  - address: ${quote(formatIpv4(node.address))}\n` +
    `    user: ${quote(node.user)}\n` +
    `    control_plane: ${node.controlPlane}\n` +
    formatTexts('annotations', node.annotations) +
    formatTexts('labels', node.labels) +
    (taints.length === 0 ? '' : `    taints:\n${taints.join('')}`)
  );
}

function formatTexts(name: string, texts: ReadonlyMap<string, string>): string {
  if (texts.size === 0) return '';
  const lines = [...texts]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `      ${key.includes('/') ? key : quote(key)}: ${quote(value)}\n`);
  return `    ${name}:\n${lines.join('')}`;
}

/** Always quoted, so that `true`, `2026` and `010` stay texts; JSON's escapes are YAML's too. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u{7f}-\u{10ffff}]/gu, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    return `\\U${code.toString(16).padStart(8, '0')}`;
  });
}
