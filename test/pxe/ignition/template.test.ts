import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Rfc3339 } from '../../../src/base/time.ts';
import { type GoStruct, type GoValue, goFromJson } from '../../../src/pxe/ignition/go-value.ts';
import { lazyFunctions, templateFunctions } from '../../../src/pxe/ignition/template-functions.ts';
import { parseTemplate } from '../../../src/pxe/ignition/template-parser.ts';
import { runTemplate } from '../../../src/pxe/ignition/template-run.ts';

// Recorded from Go 1.26's text/template, run over the same machine and metadata as below.
type Vector = { readonly template: string; readonly output?: string; readonly error?: string };
const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('./go-template-vectors.json', import.meta.url), 'utf8'),
);

function struct(type: string, fields: Readonly<Record<string, GoValue>>): GoStruct {
  return { kind: 'struct', type, fields: new Map(Object.entries(fields)), json: null };
}

function nic(address: string, maskBits: bigint, netmask: string, gateway: string): GoStruct {
  return struct('NIC', {
    Address: address,
    Netmask: netmask,
    MaskBits: maskBits,
    Gateway: gateway,
  });
}

const addresses = ['10.69.0.196', '10.69.1.4', '10.69.1.68'];
const time = (text: string): GoValue => ({ kind: 'time', text: text as Rfc3339 });
const machine = struct('Machine', {
  Spec: struct('Spec', {
    Serial: 'abc-1',
    Labels: {
      kind: 'map',
      entries: new Map([
        ['product', 'R630'],
        ['datacenter', 'ty3'],
      ]),
      zero: '',
    },
    Rack: 1n,
    IndexInRack: 4n,
    Role: 'cs',
    IPv4: addresses,
    IPv6: [],
    RegisterDate: time('2026-11-21T06:00:00.25Z'),
    RetireDate: time('2031-01-02T03:04:05.000000345+09:00'),
    BMC: struct('BMC', { IPv4: '10.72.17.36', IPv6: '', Type: 'iDRAC-9' }),
  }),
  Status: struct('Status', {
    Timestamp: time('2026-11-21T06:00:00.25Z'),
    Duration: 12.5,
    State: 'healthy',
  }),
  Info: struct('Info', {
    Network: struct('Net', {
      IPv4: addresses.map((address) => nic(address, 26n, '255.255.255.192', '10.69.0.193')),
    }),
    BMC: struct('BMCInfo', { IPv4: nic('10.72.17.36', 20n, '255.255.240.0', '10.72.16.1') }),
  }),
});
const metadata = new Map(
  Object.entries(
    JSON.parse(
      '{"n":3,"big":1000000,"frac":1.5,"s":"text","list":["a","b",3],"map":{"k":"v","a":1},"no":null,"yes":true,"empty":""}',
    ),
  ).map(([name, value]) => [name, goFromJson(value)]),
);
const functions = templateFunctions({
  advertiseUrl: 'http://10.69.0.3:10080',
  advertiseUrlHttps: 'https://10.69.0.3:10443',
  metadata,
});
const names = new Set([...functions.keys(), ...lazyFunctions]);

type Outcome =
  | { readonly output: string }
  | { readonly line: number; readonly text: string; readonly expression?: string };

function render(source: string): Outcome {
  const template = parseTemplate(source, names);
  if (!template.ok) return template.error;
  const result = runTemplate(template.value, machine, functions);
  return result.ok ? { output: result.value } : result.error;
}

describe('the template language is what Go makes of it', () => {
  it.each(vectors.filter((vector) => vector.output !== undefined))('$template', (vector) => {
    expect(render(vector.template)).toEqual({ output: vector.output });
  });
});

describe('what Go refuses is refused, with the line', () => {
  it.each(vectors.filter((vector) => vector.error !== undefined))('$template', (vector) => {
    const outcome = render(vector.template);
    expect(outcome).not.toHaveProperty('output');
    const line = Number(/^template: x:(\d+)/.exec(vector.error ?? '')?.[1]);
    expect(outcome).toMatchObject({ line });
  });
});
