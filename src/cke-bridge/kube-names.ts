/**
 * What Kubernetes takes as label, annotation and taint (k8s.io/apimachinery validation). One bad name makes CKE
 * refuse a whole cluster definition, so each node is checked before it is offered.
 */

import type { ClusterNode } from './cluster.ts';

const name = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const value = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const domain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const domainCharactersMax = 253;
/** Kubernetes' bound on all annotations of one object together. */
const annotationBytesMax = 262_144;

/** `name` or `prefix/name`; undefined when right, else what would be right. */
export function wrongQualifiedName(text: string): string | undefined {
  const slash = text.indexOf('/');
  const prefix = slash < 0 ? undefined : text.slice(0, slash);
  const goodPrefix =
    prefix === undefined || (prefix.length <= domainCharactersMax && domain.test(prefix));
  if (goodPrefix && name.test(text.slice(slash + 1))) return undefined;
  return `"${text}" must be a Kubernetes name: up to 63 letters, digits, '-', '_', '.', after an optional DNS prefix and '/'`;
}

export function wrongLabelValue(text: string): string | undefined {
  if (value.test(text)) return undefined;
  return `"${text}" must be empty or up to 63 letters, digits, '-', '_', '.', beginning and ending with a letter or digit`;
}

/** The first thing Kubernetes would refuse in this node, or undefined. */
export function wrongInNode(node: ClusterNode): string | undefined {
  for (const [key, text] of node.labels) {
    const wrong = wrongQualifiedName(key) ?? wrongLabelValue(text);
    if (wrong !== undefined) return `label ${key}: ${wrong}`;
  }
  let bytes = 0;
  for (const [key, text] of node.annotations) {
    const wrong = wrongQualifiedName(key.toLowerCase());
    if (wrong !== undefined) return `annotation ${key}: ${wrong}`;
    bytes += key.length + text.length;
  }
  if (bytes > annotationBytesMax) return `annotations: more than ${annotationBytesMax} bytes`;
  for (const taint of node.taints) {
    const wrong = wrongQualifiedName(taint.key) ?? wrongLabelValue(taint.value);
    if (wrong !== undefined) return `taint ${taint.key}: ${wrong}`;
  }
  return undefined;
}
