import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { machineSchema } from '../../../src/sabakan/contract/machine.ts';
import { cut, parseFields } from '../../../src/sabakan/v2/fields.ts';

const columns = [{ name: 'serial' }, { name: 'state' }, { name: 'bmcType', path: 'spec.bmc.type' }];
const machine = {
  serial: 'a',
  revision: '7',
  spec: { rack: 1, labels: { 'a.b': 'x', c: 'y' }, bmc: { type: 'none', ipv4: '10.0.0.1' } },
  status: { state: 'healthy', reason: null },
  network: { nodes: [{ address: '10.0.0.2', gateway: '10.0.0.3' }] },
};

function kept(text: string): unknown {
  const tree = parseFields(text, machineSchema, columns, 'serial');
  return tree.ok ? cut(machine, tree.value) : tree.error;
}

describe('fields', () => {
  it.each([
    ['serial', { serial: 'a' }],
    ['spec.rack', { serial: 'a', spec: { rack: 1 } }],
    [' state , revision', { serial: 'a', revision: '7', status: { state: 'healthy' } }],
    ['bmcType', { serial: 'a', spec: { bmc: { type: 'none' } } }],
    ['spec.labels', { serial: 'a', spec: { labels: { 'a.b': 'x', c: 'y' } } }],
    ['spec.labels.a.b', { serial: 'a', spec: { labels: { 'a.b': 'x' } } }],
    ['spec.labels.none', { serial: 'a', spec: { labels: {} } }],
    ['network.nodes.address', { serial: 'a', network: { nodes: [{ address: '10.0.0.2' }] } }],
    ['status.reason.text', { serial: 'a', status: { reason: null } }],
    ['spec.rack,spec', { serial: 'a', spec: machine.spec }],
    ['spec,spec.rack', { serial: 'a', spec: machine.spec }],
  ])('%s keeps the shape of what is asked for, and the name', (text, object) => {
    expect(kept(text)).toEqual(object);
  });

  it.each([
    ['colour', /^"colour" is no field; columns are serial, state, bmcType, and members begin with/],
    ['spec.colour', /^"spec.colour" is no field/],
    ['spec..rack', /^"spec..rack" is no field/],
    ['__proto__', /is no field/],
    ['spec.rack.constructor', /is no field/],
    [',', /^names no field$/],
    [Array.from({ length: 65 }, () => 'serial').join(), /^names 65 fields, at most 64 are taken$/],
  ])('%s is refused with what would be right', (text, why) => {
    expect(kept(text)).toEqual([expect.stringMatching(why)]);
  });

  it('each field that is none is named', () => {
    expect(kept('x,serial,y')).toHaveLength(2);
  });

  it('an object of any members takes any path', () => {
    const tree = parseFields('open.deep.er', Type.Object({ open: Type.Object({}) }), [], 'open');
    expect(tree.ok && cut({ open: { 'deep.er': 1, x: 2 }, y: 3 }, tree.value)).toEqual({
      open: { 'deep.er': 1, x: 2 },
    });
  });
});
