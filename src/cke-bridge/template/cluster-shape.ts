/** The shape of CKE's cluster.yml (CKE 1.35 docs/cluster.md), member by member. */

import { parseCidr, parseIpv4 } from '../../base/addresses.ts';
import { taintEffects } from '../cluster.ts';
import { wrongLabelValue, wrongQualifiedName } from '../kube-names.ts';
import type { Shape } from '../shape/shape.ts';

type Members = Readonly<Record<string, Shape>>;

const text: Shape = { kind: 'text' };
const filled: Shape = {
  kind: 'text',
  wrong: (given) => (given.trim() === '' ? 'must not be empty' : undefined),
};
const flag: Shape = { kind: 'flag' };
const count: Shape = { kind: 'integer', min: 0 };
const positive: Shape = { kind: 'integer', min: 1 };
const texts: Shape = { kind: 'list', of: text };
const command: Shape = { kind: 'list', of: filled, min: 1 };

function object(members: Members, required: readonly string[] = []): Shape {
  return { kind: 'members', members, required };
}

function list(of: Shape): Shape {
  return { kind: 'list', of };
}

function oneOf(...values: readonly string[]): Shape {
  const right = `must be one of ${values.join(', ')}`;
  return { kind: 'text', wrong: (given) => (values.includes(given) ? undefined : right) };
}

const labelKey: Shape = { kind: 'text', wrong: wrongQualifiedName };
const labelValue: Shape = { kind: 'text', wrong: wrongLabelValue };
const absolutePath: Shape = {
  kind: 'text',
  wrong: (given) => (given.startsWith('/') ? undefined : 'must be an absolute path'),
};

const selector = object({
  matchLabels: { kind: 'map', key: wrongQualifiedName, of: labelValue },
  matchExpressions: list(
    object(
      {
        key: labelKey,
        operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'),
        values: list(labelValue),
      },
      ['key', 'operator'],
    ),
  ),
});

const taint = object({ key: labelKey, value: labelValue, effect: oneOf(...taintEffects) }, [
  'key',
  'effect',
]);

const node = object(
  {
    address: text,
    hostname: text,
    user: filled,
    control_plane: flag,
    annotations: { kind: 'map', key: (key) => wrongQualifiedName(key.toLowerCase()), of: text },
    labels: { kind: 'map', key: wrongQualifiedName, of: labelValue },
    taints: list(taint),
  },
  ['user'],
);

const eviction: Members = {
  protected_namespaces: selector,
  protected_job_pods: selector,
  evict_retries: count,
  evict_interval: count,
  eviction_timeout_seconds: positive,
};

const reboot = object({
  reboot_command: command,
  boot_check_command: command,
  command_timeout_seconds: count,
  command_retries: count,
  command_interval: count,
  max_concurrent_reboots: positive,
  ...eviction,
});

const repairStep = object(
  {
    repair_command: command,
    command_timeout_seconds: count,
    command_retries: count,
    command_interval: count,
    need_drain: flag,
    watch_seconds: count,
  },
  ['repair_command'],
);

const repairOperation = object(
  {
    operation: filled,
    repair_steps: { kind: 'list', of: repairStep, min: 1 },
    health_check_command: command,
    command_timeout_seconds: count,
    success_command: texts,
    success_command_timeout: count,
  },
  ['operation', 'repair_steps', 'health_check_command'],
);

const repair = object({
  repair_procedures: list(
    object({ machine_types: command, repair_operations: list(repairOperation) }, [
      'machine_types',
      'repair_operations',
    ]),
  ),
  max_concurrent_repairs: positive,
  ...eviction,
});

const extras: Members = {
  extra_args: texts,
  extra_binds: list(
    object(
      {
        source: absolutePath,
        destination: absolutePath,
        read_only: flag,
        propagation: text,
        selinux_label: text,
      },
      ['source', 'destination'],
    ),
  ),
  extra_env: { kind: 'map', key: () => undefined, of: text },
};

const options = object({
  etcd: object({ volume_name: filled, ...extras }),
  rivers: object(extras),
  'etcd-rivers': object(extras),
  'kube-api': object({
    audit_log_enabled: flag,
    audit_log_policy: text,
    audit_log_path: text,
    ...extras,
  }),
  'kube-controller-manager': object(extras),
  'kube-scheduler': object({
    config: {
      kind: 'component',
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      component: 'KubeSchedulerConfiguration',
    },
    ...extras,
  }),
  'kube-proxy': object({
    disable: flag,
    config: {
      kind: 'component',
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      component: 'KubeProxyConfiguration',
    },
    ...extras,
  }),
  kubelet: object({
    boot_taints: list(taint),
    cni_conf_file: object(
      {
        name: {
          kind: 'text',
          wrong: (given) =>
            /^[0-9A-Za-z_.-]+$/.test(given) ? undefined : "must be letters, digits, '_', '.', '-'",
        },
        content: { kind: 'text', wrong: wrongJson },
      },
      ['name', 'content'],
    ),
    config: {
      kind: 'component',
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      component: 'KubeletConfiguration',
    },
    cri_endpoint: filled,
    in_place_update: flag,
    ...extras,
  }),
});

/** In the order in which cluster.yml is written. */
const members = {
  name: filled,
  nodes: list(node),
  service_subnet: {
    kind: 'text',
    wrong: (given) => {
      const parsed = parseCidr(given);
      return parsed.ok ? undefined : parsed.error;
    },
  },
  taint_control_plane: flag,
  control_plane_tolerations: list(labelKey),
  dns_servers: list({
    kind: 'text',
    wrong: (given) => (parseIpv4(given).ok ? undefined : 'must be an IPv4 address'),
  }),
  dns_service: {
    kind: 'text',
    wrong: (given) =>
      /^[^/]+\/[^/]+$/.test(given) ? undefined : 'must be namespace/name, with exactly one slash',
  },
  reboot,
  repair,
  sabakan: object({ spare_node_taint_key: labelKey }),
  options,
  trusted_rest_mappings: list(
    object({ group: text, version: filled, kind: filled, resource: filled, namespaced: flag }, [
      'group',
      'version',
      'kind',
      'resource',
    ]),
  ),
} satisfies Members;

export const clusterShape = object(members, ['name', 'nodes', 'service_subnet']);
export const clusterMembers: readonly string[] = Object.keys(members);

function wrongJson(given: string): string | undefined {
  try {
    JSON.parse(given);
    return undefined;
  } catch {
    return 'must be JSON';
  }
}
