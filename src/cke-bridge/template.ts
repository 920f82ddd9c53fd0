/** The cluster template: CKE's cluster.yml with node templates in place of nodes, parsed strictly. */

import { fail, ok, type Result } from '../base/result.ts';
import type { Role } from '../inventory/machine.ts';
import type { Taint, TaintEffect } from './cluster.ts';
import type { Mistake } from './mistake.ts';
import { checkShape, itemsOf, memberOf, mistakeAt, textsOf } from './shape/shape.ts';
import { type Tree, treeOfYaml } from './shape/tree.ts';
import { clusterMembers, clusterShape } from './template/cluster-shape.ts';

const roleLabel = 'cke.cybozu.com/role';
/** What ckecli fills in; CKE refuses a cluster without an endpoint. */
const defaultCriEndpoint = '/run/containerd/containerd.sock';
const defaultEtcdVolume = 'etcd-cke';

export type NodeTemplate = {
  /** Machines of this role; undefined takes machines of any role. */
  readonly role: Role | undefined;
  readonly user: string;
  readonly annotations: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly taints: readonly Taint[];
};

export type ClusterTemplate = {
  readonly name: string;
  readonly controlPlane: NodeTemplate;
  readonly workers: readonly NodeTemplate[];
  readonly controlPlaneTolerations: readonly string[];
  readonly spareNodeTaintKey: string | undefined;
  /** Every member of cluster.yml but `nodes`, with defaults filled in, in CKE's order. */
  readonly top: ReadonlyMap<string, unknown>;
};

/**
 * Parses a template, or says everything that is wrong with it, in the order of its lines. Rules beyond the shape:
 * one control plane template, a worker template at least, no addresses, and with several worker templates a role
 * of its own for each (CKE's Sabakan integration).
 */
export function parseClusterTemplate(
  yamlText: string,
): Result<ClusterTemplate, readonly Mistake[]> {
  const tree = treeOfYaml(yamlText);
  if (!tree.ok) return tree;
  const found: Mistake[] = [];
  checkShape(tree.value, clusterShape, '', found);
  checkNodeTemplates(tree.value, found);
  checkOptions(tree.value, found);
  const nodes = itemsOf(memberOf(tree.value, 'nodes'));
  const controlPlane = nodes.find(isControlPlane);
  if (found.length > 0 || controlPlane === undefined) {
    return fail(found.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
  }
  const plain = (name: string): unknown => memberOf(tree.value, name)?.plain;
  const spareKey = memberOf(memberOf(tree.value, 'sabakan') ?? tree.value, 'spare_node_taint_key');
  return ok({
    name: String(plain('name')),
    controlPlane: nodeTemplateOf(controlPlane),
    workers: nodes.filter((node) => !isControlPlane(node)).map(nodeTemplateOf),
    controlPlaneTolerations: itemsOf(memberOf(tree.value, 'control_plane_tolerations')).map(
      (item) => String(item.plain),
    ),
    spareNodeTaintKey: spareKey === undefined ? undefined : String(spareKey.plain),
    top: topOf(tree.value),
  });
}

/** The worker template for machines of a role: the one that names it, else the one that names none. */
export function workerTemplateOf(template: ClusterTemplate, role: Role): NodeTemplate | undefined {
  return (
    template.workers.find((worker) => worker.role === role) ??
    template.workers.find((worker) => worker.role === undefined)
  );
}

export function mayBeControlPlane(template: ClusterTemplate, role: Role): boolean {
  return template.controlPlane.role === undefined || template.controlPlane.role === role;
}

function isControlPlane(node: Tree): boolean {
  return memberOf(node, 'control_plane')?.plain === true;
}

function roleOf(node: Tree): string | undefined {
  const role = memberOf(memberOf(node, 'labels') ?? node, roleLabel)?.plain;
  return typeof role === 'string' && role !== '' ? role : undefined;
}

function checkNodeTemplates(tree: Tree, found: Mistake[]): void {
  const list = memberOf(tree, 'nodes');
  if (list?.value.kind !== 'list') return;
  const nodes = itemsOf(list);
  const say = (where: Tree, path: string, text: string): void => {
    found.push(mistakeAt(where, path, text));
  };
  const controlPlanes = nodes.filter(isControlPlane).length;
  const workers = nodes.length - controlPlanes;
  if (controlPlanes !== 1) {
    const text = `must hold exactly one template with control_plane: true; it holds ${controlPlanes}`;
    say(list, '/nodes', text);
  }
  if (workers < 1)
    say(list, '/nodes', 'must hold a worker template at least (control_plane: false)');
  const seen = new Set<string>();
  for (const [at, node] of nodes.entries()) {
    for (const name of ['address', 'hostname']) {
      const given = memberOf(node, name);
      if (given !== undefined && given.plain !== '') {
        say(given, `/nodes/${at}/${name}`, 'must be absent: a template is not one machine');
      }
    }
    if (isControlPlane(node) || workers < 2) continue;
    const role = roleOf(node);
    if (role === undefined) {
      const text = `needs a label ${roleLabel}, since there are ${workers} worker templates`;
      say(node, `/nodes/${at}/labels`, text);
    } else if (seen.has(role)) {
      say(node, `/nodes/${at}/labels`, `has the role ${role}, which another worker template has`);
    }
    if (role !== undefined) seen.add(role);
  }
}

function checkOptions(tree: Tree, found: Mistake[]): void {
  const servers = memberOf(tree, 'dns_servers');
  const service = memberOf(tree, 'dns_service');
  if (service !== undefined && itemsOf(servers).length > 0) {
    found.push(mistakeAt(service, '/dns_service', 'contradicts dns_servers: give one of them'));
  }
  const api = memberOf(memberOf(tree, 'options') ?? tree, 'kube-api');
  if (api !== undefined && memberOf(api, 'audit_log_enabled')?.plain === true) {
    const policy = memberOf(api, 'audit_log_policy')?.plain;
    if (typeof policy !== 'string' || policy === '') {
      const text = 'is needed when audit_log_enabled is true';
      found.push(mistakeAt(api, '/options/kube-api/audit_log_policy', text));
    }
  }
}

function nodeTemplateOf(node: Tree): NodeTemplate {
  return {
    role: roleOf(node) as Role | undefined,
    user: String(memberOf(node, 'user')?.plain),
    annotations: textsOf(memberOf(node, 'annotations')),
    labels: textsOf(memberOf(node, 'labels')),
    taints: itemsOf(memberOf(node, 'taints')).map((taint) => ({
      key: String(memberOf(taint, 'key')?.plain),
      value: String(memberOf(taint, 'value')?.plain ?? ''),
      effect: memberOf(taint, 'effect')?.plain as TaintEffect,
    })),
  };
}

function topOf(tree: Tree): ReadonlyMap<string, unknown> {
  const top = new Map<string, unknown>();
  for (const name of clusterMembers) {
    if (name === 'nodes') continue;
    const given = memberOf(tree, name)?.plain;
    if (name === 'options') top.set(name, optionsWithDefaults(given));
    else if (given !== undefined) top.set(name, given);
  }
  return top;
}

function optionsWithDefaults(given: unknown): unknown {
  type Options = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const options = (given ?? {}) as Options;
  return {
    ...options,
    etcd: { volume_name: defaultEtcdVolume, ...options['etcd'] },
    kubelet: { cri_endpoint: defaultCriEndpoint, ...options['kubelet'] },
  };
}
