/** The arguments of `tetsu server`: Sabakan's flags in Go's style, or a file in their place. */

import { fail, ok, type Result } from '../base/result.ts';
import { type Config, flagNames } from './config.ts';

export type CommandLine = {
  readonly file: string | undefined;
  /** Without dash; none beside a file. */
  readonly flags: ReadonlyMap<string, string>;
  /** Goes over what the file says. */
  readonly logLevel: Config['logLevel'] | undefined;
  /** Logs are appended to this file rather than written to standard output. */
  readonly logFile: string | undefined;
  /** What was given and has no effect, a sentence each. */
  readonly remarks: readonly string[];
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
const logFormats = ['plain', 'logfmt', 'json'];

/**
 * One dash or two, `-name value` or `-name=value`. With a file Sabakan ignores all flags but those about logs, and its
 * container gives some to every server; so does this one, and says so.
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
  const remarks: string[] = [];
  if (format !== undefined && !logFormats.includes(format)) {
    mistakes.push(`-logformat: must be one of ${logFormats.join(', ')}, not "${format}"`);
  } else if (format !== undefined && format !== 'json') {
    remarks.push(`-logformat ${format} has no effect: logs are JSON, one object a line`);
  }
  const file = configFile ?? sabakanFile;
  if (file !== undefined) {
    for (const name of flags.keys()) {
      if (flagNames.includes(name)) remarks.push(`-${name} has no effect: ${file} counts alone`);
      else mistakes.push(`-${name}: unknown flag; known: ${flagNames.join(', ')}`);
    }
    flags.clear();
  }
  const logFile = target === '' ? undefined : target;
  return mistakes.length > 0 ? fail(mistakes) : ok({ file, flags, logLevel, logFile, remarks });
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
