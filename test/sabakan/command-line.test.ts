import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../src/sabakan/command-line.ts';

const mistakes = (file: string | undefined, ...args: string[]): string => {
  const line = readCommandLine(file, args);
  return line.ok ? '' : line.error.join('\n');
};

describe('arguments of the server', () => {
  it("are Go's flags: one dash or two, a value beside or after an equals sign", () => {
    const args = ['-http', '0.0.0.0:1', '--data-dir=/x=y', '-enable-playground', '-etcd-username='];
    expect(readCommandLine(undefined, args)).toEqual({
      ok: true,
      value: {
        file: undefined,
        flags: new Map([
          ['http', '0.0.0.0:1'],
          ['data-dir', '/x=y'],
          ['enable-playground', 'true'],
          ['etcd-username', ''],
        ]),
        logLevel: undefined,
        logFile: undefined,
        remarks: [],
      },
    });
  });

  it("take Sabakan's name of the file, and a level over what the file says", () => {
    const line = readCommandLine(undefined, [
      ...['-config-file', '/etc/sabakan/sabakan.yml'],
      ...['-logformat', 'json', '-loglevel', 'warning'],
    ]);
    expect(line.ok && line.value).toEqual({
      file: '/etc/sabakan/sabakan.yml',
      flags: new Map(),
      logLevel: 'warn',
      logFile: undefined,
      remarks: [],
    });
  });

  it('of Sabakan’s container stay beside a file, without effect but not without a word', () => {
    const args = '--config-file=a.yml -dhcp-bind 0.0.0.0:67 -logformat logfmt -logfile /var/log/x';
    const line = readCommandLine(undefined, args.split(' '));
    expect(line.ok && line.value).toEqual({
      file: 'a.yml',
      flags: new Map(),
      logLevel: undefined,
      logFile: '/var/log/x',
      remarks: [
        '-logformat logfmt has no effect: logs are JSON, one object a line',
        '-dhcp-bind has no effect: a.yml counts alone',
      ],
    });
  });

  it.each<[string | undefined, string[], string]>([
    ['a.yml', ['-htp', ':1'], '-htp: unknown flag; known: http, https'],
    ['a.yml', ['-config-file', 'b.yml'], 'there is one file'],
    [undefined, ['-loglevel', 'loud'], 'must be one of critical, error'],
    [undefined, ['-logformat', 'xml'], 'must be one of plain, logfmt, json, not "xml"'],
    [undefined, ['-http'], '-http needs a value'],
    [undefined, ['-http', '-https', 'x'], '-http needs a value'],
    [undefined, ['serve'], '"serve" is not a flag'],
  ])('%s with %j: %s', (file, args, text) => {
    expect(mistakes(file, ...args)).toContain(text);
  });
});
