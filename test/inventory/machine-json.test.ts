import { describe, expect, it } from 'vitest';
import { instantOf, type Rfc3339 } from '../../src/base/time.ts';
import type { Machine } from '../../src/inventory/machine.ts';
import {
  decodeMachine,
  durationSeconds,
  encodeMachine,
  machineToJson,
} from '../../src/inventory/machine-json.ts';
import { aMachine } from '../support/machines.ts';

/** As a real Sabakan 3 stores it, members in its order. */
const stored =
  '{"spec":{"serial":"1234abcd","labels":{"datacenter":"ty3","product":"R630"},"rack":1,"index-in-rack":4,' +
  '"role":"cs","ipv4":["10.69.0.196","10.69.1.4","10.69.1.68"],"ipv6":null,' +
  '"register-date":"2018-11-21T01:23:45.123456789Z","retire-date":"2023-11-21T01:23:45.000000345Z",' +
  '"bmc":{"ipv4":"10.72.17.36","ipv6":"","type":"iDRAC-9"}},' +
  '"status":{"timestamp":"2018-11-21T01:23:45.123456789Z","duration":0,"state":"healthy"},' +
  '"info":{"network":{"ipv4":[' +
  '{"address":"10.69.0.196","netmask":"255.255.255.192","maskbits":26,"gateway":"10.69.0.193"},' +
  '{"address":"10.69.1.4","netmask":"255.255.255.192","maskbits":26,"gateway":"10.69.1.1"},' +
  '{"address":"10.69.1.68","netmask":"255.255.255.192","maskbits":26,"gateway":"10.69.1.65"}]},' +
  '"bmc":{"ipv4":{"address":"10.72.17.36","netmask":"255.255.240.0","maskbits":20,"gateway":"10.72.16.1"}}}}';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function decoded(text = stored, serial = '1234abcd'): Machine {
  const machine = decodeMachine(bytesOf(text), serial);
  if (!machine.ok) throw new Error(machine.error);
  return machine.value;
}

describe('a stored machine', () => {
  it('is written byte for byte as Sabakan writes it', () => {
    expect(textOf(encodeMachine(decoded()))).toBe(stored);
  });

  it('has null for no labels', () => {
    expect(textOf(encodeMachine(aMachine()))).toContain('"labels":null');
  });

  it('keeps members that we do not know, on every level, when it is rewritten', () => {
    const theirs = stored
      .replace('"spec":{', '"spec":{"colour":"red",')
      .replace('"status":{', '"status":{"note":["x"],"serial64":12345678901234567890,"load":1.0,')
      .replace('"info":{', '"info":{"__proto__":{"a":-0},"huge":1e400,')
      .replace('"maskbits":26', '"maskbits":26,"vlan":7')
      .replace(/\}$/, ',"owner":{"team":"a"}}');
    const machine = decoded(theirs);
    const after: Machine = {
      ...machine,
      spec: { ...machine.spec, labels: new Map([['a', 'b']]) },
      status: { state: 'updating', since: '2026-01-01T00:00:00Z' as Rfc3339 },
    };
    const written = textOf(encodeMachine(after, bytesOf(theirs)));
    expect(written).toBe(
      theirs
        .replace('{"datacenter":"ty3","product":"R630"}', '{"a":"b"}')
        .replace(
          '"timestamp":"2018-11-21T01:23:45.123456789Z"',
          '"timestamp":"2026-01-01T00:00:00Z"',
        )
        .replace('"state":"healthy"', '"state":"updating"'),
    );
  });

  it('may have labels that JavaScript knows as something else', () => {
    const text = stored.replace('"product"', '"constructor"').replace('"datacenter"', '"toString"');
    expect([...decoded(text).spec.labels.keys()]).toEqual(['constructor', 'toString']);
  });

  it('may have a serial that is refused at the door today', () => {
    expect(decoded(stored.replace('1234abcd', 'a,b '), 'a,b ').spec.serial).toBe('a,b ');
  });

  it.each([
    ['{', 'the record is not JSON'],
    ['null', 'spec.serial is missing'],
    [stored.replace('"serial":"1234abcd",', ''), 'spec.serial is missing'],
    [stored.replace('1234abcd', 'other'), 'the record is that of machine other'],
    [stored.replace(/"ipv4":\["[^\]]*\]/, '"ipv4":[]'), 'spec.ipv4 is empty'],
    [stored.replace(/"ipv4":\["[^\]]*\]/, '"ipv4":null'), 'spec.ipv4 is empty'],
    [stored.replace('"10.69.1.4"', '"10.69.1.400"'), 'spec.ipv4: "10.69.1.400" is not an IPv4'],
    [stored.replace('"state":"healthy"', '"state":"dead"'), 'status.state: invalid state: dead'],
    [stored.replace('"rack":1', '"rack":"1"'), 'spec.rack: "1" is not an unsigned whole number'],
    [stored.replace('"rack":1', '"rack":[[1]]'), 'spec.rack: a list is not an unsigned whole'],
    [stored.replace('"rack":1,', ''), 'spec.rack: undefined is not an unsigned whole number'],
    [
      stored.replace('"role":"cs"', '"role":"c s"'),
      'spec.role: invalid role: 1 to 63 letters, digits, - _ . with a letter or digit at both ends',
    ],
    [stored.replace('"product"', '"a b"'), 'spec.labels: labels contain invalid character'],
    [stored.replace('"R630"', '7'), 'spec.labels: the value of label "product" must be a string'],
    [stored.replace('2023-11-21T', '2023-11-21 '), 'spec.retire-date: "2023-11-21 01'],
    [stored.replace('"ipv4":"10.72.17.36"', '"ipv4":""'), 'spec.bmc.ipv4: "" is not an IPv4'],
    [stored.replace('"gateway":"10.69.1.1"', '"gateway":""'), 'info.network.ipv4[1].gateway: ""'],
  ])('%s is reported as broken: %s', (text, why) => {
    const machine = decodeMachine(bytesOf(text), '1234abcd');
    expect(machine.ok ? 'taken' : machine.error).toContain(why);
  });
});

describe('a published machine', () => {
  const now = instantOf('2018-11-21T01:24:45.623Z' as Rfc3339);

  it('has the age of its state in seconds, all else as stored', () => {
    const json = machineToJson(decoded(), now);
    expect(json.status.duration).toBe(60.5);
    expect({ ...json, status: { ...json.status, duration: 0 } }).toEqual(JSON.parse(stored));
  });

  it('is never younger than nothing', () => {
    expect(durationSeconds(decoded(), instantOf('2018-11-21T00:00:00Z' as Rfc3339))).toBe(0);
  });

  it('shares what does not change between two answers', () => {
    const machine = decoded();
    expect(machineToJson(machine, now).spec).toBe(machineToJson(machine, now).spec);
  });
});
