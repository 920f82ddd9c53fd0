import { describe, expect, test } from 'vitest';
import { formatMistake } from '../../src/cke-bridge/mistake.ts';
import { parseClusterTemplate, workerTemplateOf } from '../../src/cke-bridge/template.ts';
import type { Role } from '../../src/inventory/machine.ts';
import { plainTemplate, templateOf } from './fleet.ts';

function mistakesIn(text: string): readonly string[] {
  const parsed = parseClusterTemplate(text);
  return parsed.ok ? [] : parsed.error.map(formatMistake);
}

function check(text: string, ...expected: readonly string[]): void {
  const found = mistakesIn(text);
  expect(found).toHaveLength(expected.length);
  for (const [at, part] of expected.entries()) expect(found[at]).toContain(part);
}

const head = 'name: tokyo\nservice_subnet: 10.68.0.0/16\n';
const nodes = 'nodes:\n  - user: a\n    control_plane: true\n  - user: a\n';

describe('a cluster template', () => {
  test('is read with its roles, taints and defaults', () => {
    const template = templateOf(plainTemplate);
    expect(template.name).toBe('tokyo');
    expect(template.controlPlane.role).toBe('cs');
    expect(template.workers.map((worker) => worker.role)).toEqual(['cs', 'ss']);
    expect(workerTemplateOf(template, 'ss' as Role)?.taints).toHaveLength(1);
    expect(workerTemplateOf(template, 'gpu' as Role)).toBeUndefined();
    expect(template.top.get('options')).toEqual({
      etcd: { volume_name: 'etcd-cke' },
      kubelet: { cri_endpoint: '/run/containerd/containerd.sock' },
    });
  });

  test('may be one of Neco, with its repair and reboot commands', () => {
    check(`${head}${nodes}reboot:
  reboot_command: [neco, power, restart, --wait-for-stop]
  boot_check_command: [neco, reboot-check]
  max_concurrent_reboots: 28
  protected_namespaces:
    matchExpressions: [{ key: development, operator: DoesNotExist }]
repair:
  repair_procedures:
    - machine_types: [iDRAC]
      repair_operations:
        - operation: unreachable
          repair_steps: [{ repair_command: [neco, power, start], watch_seconds: 240 }]
          health_check_command: [sh, -c, "true"]
control_plane_tolerations: [node.cilium.io/agent-not-ready]
sabakan: { spare_node_taint_key: example.com/spare }
options:
  kubelet:
    config: { apiVersion: kubelet.config.k8s.io/v1beta1, kind: KubeletConfiguration, maxPods: 200 }
`);
    expect(
      templateOf(`${head}${nodes}sabakan: { spare_node_taint_key: example.com/spare }\n`)
        .spareNodeTaintKey,
    ).toBe('example.com/spare');
  });

  test('names every mistake with its line', () => {
    check(
      `name: ''
nodes:
  - user: a
    control_plane: true
    adress: 10.0.0.1
    labels: { "bad key!": x, good: "-bad" }
  - user: ''
    taints: [{ key: k, effect: Never }]
service_subnet: 10.68.0.1/16
dns_service: unbound
repair: { success_timeout_seconds: 300 }
surprise: 1
`,
      'line 1: /name: must not be empty',
      'line 5: /nodes/0/adress: is not a member we know',
      'line 6: /nodes/0/labels/bad key!: "bad key!" must be a Kubernetes name',
      'line 6: /nodes/0/labels/good: "-bad" must be empty or',
      'line 7: /nodes/1/user: must not be empty',
      'line 8: /nodes/1/taints/0/effect: must be one of NoSchedule',
      'line 9: /service_subnet: "10.68.0.1/16" has host bits set',
      'line 10: /dns_service: must be namespace/name',
      'line 11: /repair/success_timeout_seconds: is not a member we know',
      'line 12: /surprise: is not a member we know',
    );
  });

  test('holds exactly one control plane and a worker at least', () => {
    check(
      `${head}nodes:\n  - user: a\n  - user: b\n    labels: {cke.cybozu.com/role: x}\n`,
      'exactly one template with control_plane: true; it holds 0',
      'needs a label cke.cybozu.com/role',
    );
    check(`${head}nodes:\n  - {user: a, control_plane: true}\n`, 'a worker template at least');
  });

  test('gives each of several workers a role of its own', () => {
    const two = '  - {user: a, labels: {cke.cybozu.com/role: x}}\n'.repeat(2);
    check(
      `${head}nodes:\n  - {user: a, control_plane: true}\n${two}`,
      'has the role x, which another',
    );
  });

  test('names no address', () => {
    check(
      `${head}${nodes}    address: 10.0.0.1\n`,
      'must be absent: a template is not one machine',
    );
  });

  test('does not contradict itself', () => {
    check(
      `${head}${nodes}dns_servers: [10.0.0.53]\ndns_service: kube-system/dns\noptions: {kube-api: {audit_log_enabled: true}}\n`,
      'contradicts dns_servers',
      'is needed when audit_log_enabled is true',
    );
  });

  test.each([
    ['', 'must be a mapping'],
    ['[]', 'must be a mapping'],
    ['name: a\nname: b\n', 'Map keys must be unique'],
    ['name: [', 'Flow sequence'],
    [`a: ${'['.repeat(60)}${']'.repeat(60)}`, '/a: is not a member'],
  ])('that is %j is refused without a crash', (text, part) => {
    expect(mistakesIn(text).join('\n')).toContain(part);
  });
});
