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
    });
  });

  it.each<[string | undefined, string[], string]>([
    [
      'a.yml',
      ['-http', ':1', '-dhcp-bind=:67'],
      '-http, -dhcp-bind: contradict the configuration file: put them into a.yml',
    ],
    ['a.yml', ['-config-file', 'b.yml'], 'there is one file'],
    [undefined, ['-loglevel', 'loud'], 'must be one of critical, error'],
    [undefined, ['-logformat', 'plain'], 'must be json, not "plain"'],
    [undefined, ['-logfile', '/var/log/x'], 'standard output'],
    [undefined, ['-http'], '-http needs a value'],
    [undefined, ['-http', '-https', 'x'], '-http needs a value'],
    [undefined, ['serve'], '"serve" is not a flag'],
  ])('%s with %j: %s', (file, args, text) => {
    expect(mistakes(file, ...args)).toContain(text);
  });
});
