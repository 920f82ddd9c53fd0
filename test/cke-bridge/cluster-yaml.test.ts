import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  formatCluster,
  formatClusterFile,
  readClusterFile,
} from '../../src/cke-bridge/cluster-yaml.ts';
import { wrongInNode } from '../../src/cke-bridge/kube-names.ts';
import { type MachineState, machineStates } from '../../src/inventory/machine.ts';
import { createFleet, nodeIn } from './fleet.ts';

type Yaml = {
  readonly name: string;
  readonly service_subnet: string;
  readonly options: { readonly kubelet: { readonly cri_endpoint: string } };
  readonly nodes: readonly {
    readonly address: string;
    readonly user: string;
    readonly control_plane: boolean;
    readonly labels: Readonly<Record<string, unknown>>;
  }[];
};

function written(fleet: ReturnType<typeof createFleet>): { body: string; yaml: Yaml } {
  const { body = '' } = fleet.pass();
  return { body, yaml: parse(body) as Yaml };
}

describe('cluster.yml', () => {
  test('97: every combination of labels, roles and states passes the rules of Kubernetes', () => {
    const word = fc.stringMatching(/^[a-z0-9A-Z]([a-z0-9A-Z_.-]{0,20}[a-z0-9A-Z])?$/);
    const wish = fc.record({
      labels: fc.dictionary(
        word,
        fc.oneof(word, fc.constantFrom('', 'true', '010', 'null', '2026')),
      ),
      state: fc.constantFrom<MachineState>(...machineStates),
      role: fc.constantFrom('cs', 'ss'),
    });
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 8 }), (wishes) => {
        const fleet = createFleet({ racks: 3, machines: 2 });
        for (const [at, { labels, role }] of wishes.entries()) {
          fleet.add({ serial: `x-${at}`, rack: 9, index: 4 + at, labels, role });
        }
        fleet.pass();
        for (const [at, { state }] of wishes.entries()) fleet.set(`x-${at}`, state);
        const pass = fleet.pass();
        for (const node of pass.plan?.cluster?.nodes ?? []) {
          expect(wrongInNode(node)).toBeUndefined();
        }
        const yaml = parse(
          formatCluster(pass.plan?.cluster ?? { top: new Map(), nodes: [] }),
        ) as Yaml;
        expect(yaml.nodes).toHaveLength(pass.plan?.members.length ?? 0);
        for (const node of yaml.nodes) {
          for (const value of Object.values(node.labels)) expect(typeof value).toBe('string');
        }
        expect(yaml.nodes.filter((node) => node.control_plane)).toHaveLength(3);
      }),
      { numRuns: 100 },
    );
  });

  test('97: a machine whose node Kubernetes would refuse stays out and freezes nobody else', () => {
    const fleet = createFleet({ machines: 4 });
    fleet.add({ serial: 'bad', rack: 4, labels: { fine: 'not ok' } });
    const pass = fleet.pass();
    expect(pass.plan?.members).toHaveLength(4);
    expect(pass.plan?.decisions.get('bad' as never)?.text).toContain(
      'would be refused by Kubernetes',
    );
    fleet.add({ serial: 's-003', index: 7, labels: { fine: 'not ok' } });
    expect(fleet.pass().changed).toBe(false);
  });

  test('98: the CRI endpoint is there though the template does not name it', () => {
    expect(written(createFleet({ machines: 4 })).yaml.options.kubelet.cri_endpoint).toBe(
      '/run/containerd/containerd.sock',
    );
  });

  test('control planes come first, then by address, and the text is the same each time', () => {
    const fleet = createFleet({ racks: 3, machines: 4 });
    const { body, yaml } = written(fleet);
    expect(yaml.nodes.map((node) => node.control_plane).indexOf(false)).toBe(3);
    const last = (text: string): number =>
      Number(text.split('.')[2]) * 256 + Number(text.split('.')[3]);
    const workers = yaml.nodes.slice(3).map((node) => last(node.address));
    expect(workers).toEqual(workers.toSorted((a, b) => a - b));
    expect(written(fleet).body).toBe(body);
  });

  test('a node has the labels, annotations and taints of the Sabakan integration', () => {
    const fleet = createFleet({ machines: 3 });
    fleet.add({
      serial: 'n',
      rack: 12,
      index: 5,
      labels: { product: 'r6525' },
      retireDate: '2031-02-03T04:05:06.5+09:00',
    });
    const node = nodeIn(fleet.pass(), 'n');
    expect(Object.fromEntries(node?.labels ?? [])).toEqual({
      'sabakan.cke.cybozu.com/product': 'r6525',
      'cke.cybozu.com/rack': '12',
      'cke.cybozu.com/index-in-rack': '5',
      'cke.cybozu.com/role': 'cs',
      'cke.cybozu.com/register-month': '2026-01',
      'cke.cybozu.com/retire-month': '2031-02',
      'cke.cybozu.com/retire-year': '2031',
      'node-role.kubernetes.io/cs': 'true',
      'node-role.kubernetes.io/master': 'true',
      'node-role.kubernetes.io/control-plane': 'true',
      'topology.kubernetes.io/zone': 'rack12',
    });
    expect(Object.fromEntries(node?.annotations ?? [])).toEqual({
      'cke.cybozu.com/serial': 'n',
      'cke.cybozu.com/register-date': '2026-01-02T03:04:05Z',
      'cke.cybozu.com/retire-date': '2031-02-03T04:05:06+09:00',
    });
  });

  test('its first line tells our own text from an edited one', () => {
    const text = formatClusterFile('name: "x"\n', 7, '42');
    expect(readClusterFile(text)).toMatchObject({
      kind: 'ours',
      generation: 7,
      inventoryRevision: '42',
    });
    expect(readClusterFile(text.replace('"x"', '"y"'))).toEqual({ kind: 'foreign' });
    expect(readClusterFile('name: "x"\n')).toEqual({ kind: 'foreign' });
  });
});
