/** The arguments of `tetsu server`: Sabakan's flags in Go's style, or a file in their place. */

import { fail, ok, type Result } from '../base/result.ts';
import type { Config } from './config.ts';

export type CommandLine = {
  readonly file: string | undefined;
  /** Without dash; never together with a file. */
  readonly flags: ReadonlyMap<string, string>;
  /** Goes over what the file says. */
  readonly logLevel: Config['logLevel'] | undefined;
};

/** Sabakan's names of levels, which has no name for what is below `error`. */
const logLevels: Readonly<Record<string, Config['logLevel']>> = {
  critical: 'error',
  error: 'error',
  warning: 'warn',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
};

const logFlags = ['loglevel', 'logformat', 'logfile'];

/**
 * One dash or two, `-name value` or `-name=value`. With a file Sabakan ignores all flags but those about logs without a
 * word; here the others are mistakes.
 *
 * @param configFile what `--config` was; `-config-file` is Sabakan's name of it.
 */
export function readCommandLine(
  configFile: string | undefined,
  args: readonly string[],
): Result<CommandLine, readonly string[]> {
  const given = readFlags(args);
  if (!given.ok) return fail([given.error]);
  const flags = new Map(given.value);
  const mistakes: string[] = [];
  const take = (name: string): string | undefined => {
    const value = flags.get(name);
    flags.delete(name);
    return value;
  };
  const sabakanFile = take('config-file');
  if (configFile !== undefined && sabakanFile !== undefined) {
    mistakes.push('-config-file: contradicts --config: there is one file');
  }
  const [level, format, target] = logFlags.map(take);
  const logLevel = level === undefined ? undefined : logLevels[level];
  if (level !== undefined && logLevel === undefined) {
    const known = Object.keys(logLevels).join(', ');
    mistakes.push(`-loglevel: must be one of ${known}, not "${level}"`);
  }
  if (format !== undefined && format !== 'json') {
    mistakes.push(`-logformat: must be json, not "${format}": this server logs nothing else`);
  }
  if (target !== undefined && target !== '') {
    mistakes.push('-logfile: logs go to standard output; redirect it, or leave it to systemd');
  }
  const file = configFile ?? sabakanFile;
  if (file !== undefined && flags.size > 0) {
    const names = [...flags.keys()].map((name) => `-${name}`).join(', ');
    mistakes.push(`${names}: contradict the configuration file: put them into ${file}`);
  }
  return mistakes.length > 0 ? fail(mistakes) : ok({ file, flags, logLevel });
}

function readFlags(args: readonly string[]): Result<ReadonlyMap<string, string>, string> {
  const flags = new Map<string, string>();
  for (let at = 0; at < args.length; at += 1) {
    const [, name, , value] = /^--?([a-z-]+)(=(.*))?$/s.exec(args[at] ?? '') ?? [];
    if (name === undefined) {
      return fail(`"${args[at]}" is not a flag: flags are -name value or -name=value`);
    }
    const next = args[at + 1];
    if (value !== undefined || name === 'enable-playground') flags.set(name, value ?? 'true');
    else if (next === undefined || /^--?[a-z]/.test(next)) return fail(`-${name} needs a value`);
    else {
      flags.set(name, next);
      at += 1;
    }
  }
  return ok(flags);
}
