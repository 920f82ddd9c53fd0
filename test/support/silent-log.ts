/** Logs for tests: one that says nothing, one that remembers. */

import type { Log, LogFields } from '../../src/base/world.ts';

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

export type LogLine = {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
};

export function rememberingLog(lines: LogLine[] = [], common: LogFields = {}): Log {
  const say =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields: { ...common, ...fields } });
    };
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    with: (fields) => rememberingLog(lines, { ...common, ...fields }),
  };
}
