import { describe, expect, it } from 'vitest';
import { parsePath, parseTemplate } from '../../../src/cli/jsonpath/parse.ts';
import { runTemplate, valuesOf } from '../../../src/cli/jsonpath/run.ts';

const fleet = {
  kind: 'List',
  items: [
    {
      serial: 'A1',
      spec: { rack: 1, ipv4: ['10.0.0.1', '10.0.1.1'], labels: { 'example.com/x': 'y' } },
      status: { state: 'healthy', reason: null },
    },
    { serial: 'A2', spec: { rack: 2, ipv4: [] }, status: { state: 'retired' }, gone: true },
    { serial: 'A3', spec: { rack: 10, ipv4: ['10.0.0.3'] }, status: { state: 'healthy' } },
  ],
};

describe("kubectl's JSONPath", () => {
  it.each([
    ['{.kind}', 'List'],
    ['.kind', 'List'],
    ['{$.kind}', 'List'],
    ["{['kind']}", 'List'],
    ['kind is {.kind}.', 'kind is List.'],
    ['{.items[*].serial}', 'A1 A2 A3'],
    ['{.items..serial}', 'A1 A2 A3'],
    ['{..rack}', '1 2 10'],
    ['{.items[0].serial}', 'A1'],
    ['{.items[-1].serial}', 'A3'],
    ['{.items[0:2].serial}', 'A1 A2'],
    ['{.items[::2].serial}', 'A1 A3'],
    ['{.items[:-1].serial}', 'A1 A2'],
    ['{.items[0,2].serial}', 'A1 A3'],
    ["{.items[0]['serial','gone']}", 'A1'],
    ['{.items[0].spec.labels.example\\.com/x}', 'y'],
    ["{.items[0].spec.labels['example.com/x']}", 'y'],
    ['{.items[0].spec.*}', '1 ["10.0.0.1","10.0.1.1"] {"example.com/x":"y"}'],
    ['{.items[?(@.status.state=="healthy")].serial}', 'A1 A3'],
    ["{.items[?(@.status.state!='healthy')].serial}", 'A2'],
    ['{.items[?(@.spec.rack>=2)].serial}', 'A2 A3'],
    ['{.items[?(@.spec.rack<2)].serial}', 'A1'],
    ['{.items[?(@.gone)].serial}', 'A2'],
    ['{.items[?(@.gone==true)].serial}', 'A2'],
    ['{.items[?(@.spec.rack=="1")].serial}', ''],
    ['{.nothing.at.all}', ''],
    ['{.items[7].serial}', ''],
    ['{.items[0].status.reason}', 'null'],
    ['{.constructor}{.items.length}', ''],
    ['{range .items[*]}{.serial}{"\\t"}{.spec.rack}{"\\n"}{end}', 'A1\t1\nA2\t2\nA3\t10\n'],
    ['{range .items[*]}{range .spec.ipv4[*]}{@} {end}|{end}', '10.0.0.1 10.0.1.1 ||10.0.0.3 |'],
    ['{range .items[0:1]}{$.kind}{end}', 'List'],
    ['{.items[0].serial .items[1].serial}', 'A1A2'],
    ['{"a\\"b"}', 'a"b'],
  ])('%s', (text, expected) => {
    const template = parseTemplate(text);
    if (!template.ok) throw new Error(template.error);
    expect(runTemplate(template.value, fleet)).toBe(expected);
  });

  it.each([
    ['{', /after 1 characters: expected a path/],
    ['{.a', /expected/],
    ['{.items[}', /expected an index, a slice/],
    ['{.items[0}', /closing \]/],
    ['{range .items[*]}{.serial}', /\{end\} for each/],
    ['{end}', /\{range …\} before/],
    ['{.items[?(@.a=~"x")]}', /one of == !=/],
    ['{.items[?(a==1)]}', /a path from @/],
    ['{"open}', /closing "/],
    ['{.items[::0]}', /step of 1/],
    ['{range .a}'.repeat(20), /at most 16/],
    ['x'.repeat(20_000), /at most 16384/],
  ])('%s is refused with the place', (text, why) => {
    const template = parseTemplate(text);
    expect(template.ok ? 'taken' : template.error).toMatch(why);
  });

  it('a path alone leads to values', () => {
    const path = parsePath('.items[*].spec.rack');
    expect(path.ok && valuesOf(path.value, fleet)).toEqual([1, 2, 10]);
  });
});
