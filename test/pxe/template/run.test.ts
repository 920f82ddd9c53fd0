import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { instant } from '../../../src/base/time.ts';
import { machineValue } from '../../../src/pxe/ignition/machine-value.ts';
import {
  callDepthMax,
  charactersMax,
  createBudget,
  stepsMax,
} from '../../../src/pxe/template/budget.ts';
import { templateFunctions } from '../../../src/pxe/template/functions.ts';
import { fromJson } from '../../../src/pxe/template/go-value.ts';
import { bytesFromText } from '../../../src/pxe/template/lossless-text.ts';
import { parseTemplate } from '../../../src/pxe/template/parser.ts';
import { runTemplate } from '../../../src/pxe/template/run.ts';
import { aMachine, testStart } from '../../support/machines.ts';

// Recorded from Go 1.26's text/template, run over the same machine and metadata as below: template, output or null,
// error. The first file is written by hand, the second by a grammar and chance.
type Vector = readonly [template: string, output: string | null, error?: string];

function vectorsOf(file: string): readonly Vector[] {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
}

const machine = aMachine({
  serial: 'abc-1',
  rack: 1,
  index: 4,
  role: 'cs',
  labels: { product: 'R630', datacenter: 'ty3' },
  registerDate: '2026-11-21T06:00:00.25Z',
  retireDate: '2031-01-02T03:04:05.000000345+09:00',
  since: '2026-11-21T06:00:00.25Z',
});
const data = machineValue(machine, instant(testStart + 12_750));
const metadata = new Map(
  Object.entries(
    JSON.parse(
      '{"n":3,"big":1000000,"frac":1.5,"neg":-2.25,"huge":1e21,"tiny":1e-7,"s":"text","uni":"日本é","list":["a","b",3],"nested":[{"a":[1,2,{"b":null}]},[],{}],"map":{"k":"v","a":1},"no":null,"yes":true,"empty":"","nets":{"eth0":{"ip":"10.0.0.1","up":true,"mtu":9000},"eth1":{"ip":null}}}',
    ),
  ).map(([name, value]) => [name, fromJson(value)]),
);
const functions = templateFunctions({
  advertiseUrl: 'http://10.69.0.3:10080',
  advertiseUrlHttps: 'https://10.69.0.3:10443',
  metadata,
});
const names = new Set(functions.keys());

/** As a vector: the output, or the error as Go words it. */
function outcome(source: string): Vector {
  const template = parseTemplate('x', source, names);
  if (!template.ok) return [source, null, template.error.text];
  const result = runTemplate(template.value, data, functions, createBudget());
  if (!result.ok) return [source, null, result.error.text];
  return [source, new TextDecoder().decode(bytesFromText(result.value))];
}

describe('the template language is what Go makes of it', () => {
  const named = vectorsOf('./go-vectors.json').map((vector) => ({ title: vector[0], vector }));
  it.each(named)('$title', ({ vector }) => {
    expect(outcome(vector[0])).toEqual(vector);
  });
});

describe('templates made by chance render as in Go, or fail with the same words', () => {
  const all = vectorsOf('./go-random-vectors.json');
  const groupSize = 100;
  const groups = Array.from({ length: Math.ceil(all.length / groupSize) }, (_, at) => at);
  it.each(groups)(`hundred no. %i of ${groups.length}`, (group) => {
    for (const vector of all.slice(group * groupSize, (group + 1) * groupSize)) {
      expect(outcome(vector[0])).toEqual(vector);
    }
  });
});

const bomb = (count: number): string =>
  '{{ $x := "0123456789" }}'.concat('{{ $x = print $x $x }}'.repeat(count));

describe('a template cannot run away: limits are counted, and the error names the one reached', () => {
  it.each([
    ['a range over a huge number', '{{ range 999999999999 }}{{ end }}', 'stepsMax'],
    ['ranges inside one another', '{{ range 9999 }}{{ range 9999 }}{{ end }}{{ end }}', 'stepsMax'],
    ['text that doubles', bomb(40), 'charactersMax'],
    [
      'text printed again and again',
      `${bomb(15)}{{ range 9999 }}{{ $x }}{{ end }}`,
      'charactersMax',
    ],
    ['wide numbers', '{{ range 9999 }}{{ $x := printf "%1000000d" 1 }}{{ end }}', 'charactersMax'],
    [
      'long fractions',
      '{{ range 9999 }}{{ $x := printf "%.1000000f" .1 }}{{ end }}',
      'charactersMax',
    ],
    ['escaping', `${bomb(15)}{{ range 9999 }}{{ $y := js $x }}{{ end }}`, 'charactersMax'],
    ['slicing', `${bomb(18)}{{ range 99999 }}{{ $y := slice $x 1 }}{{ end }}`, 'stepsMax'],
    ['measuring', `${bomb(18)}{{ range 99999 }}{{ $y := len $x }}{{ end }}`, 'stepsMax'],
    [
      'comparing',
      `${bomb(18)}{{ range 99999 }}{{ $y := eq $x (print $x) }}{{ end }}`,
      'charactersMax',
    ],
    ['templates calling themselves', '{{ template "x" }}', 'maximum template depth (100)'],
    [
      'templates calling themselves twice',
      '{{ define "r" }}{{ template "r" }}{{ template "r" }}{{ end }}{{ template "r" }}',
      'maximum template depth (100)',
    ],
    [
      'templates calling one another twice, down to a depth',
      Array.from(
        { length: 60 },
        (_, at) =>
          `{{ define "t${at}" }}{{ template "t${at + 1}" }}{{ template "t${at + 1}" }}{{ end }}`,
      )
        .join('')
        .concat('{{ define "t60" }}{{ end }}{{ template "t0" }}'),
      'stepsMax',
    ],
    ['pieces', '{{1}}'.repeat(100_000), 'more than 200000 tokens (tokensMax)'],
    ['parentheses', `{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`, 'depth exceeded (100)'],
    ['conditions', '{{ if 1 }}'.repeat(5000), 'depth exceeded (100)'],
    ['blocks', '{{ block "a" . }}'.repeat(5000), 'depth exceeded (100)'],
  ])('%s', (_, source, limit) => {
    expect(outcome(source)[2]).toContain(limit);
  });
});

it('docs/ignition.md names the limits as they are', () => {
  const text = readFileSync(new URL('../../../docs/ignition.md', import.meta.url), 'utf8');
  expect(text).toContain(`${stepsMax.toLocaleString('en')} steps`);
  expect(text).toContain(`${charactersMax.toLocaleString('en')} characters`);
  expect(text.replaceAll('\n', ' ')).toContain(`may call ${callDepthMax} deep`);
});
