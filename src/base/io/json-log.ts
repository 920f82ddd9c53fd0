/** One JSON object a line on standard output: constant message, fields beside it. */

import { type DestinationStream, type Logger, pino } from 'pino';
import type { Log, LogFields } from '../world.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * @param options.level the least serious level that is written.
 * @param options.destination somewhere else than standard output.
 * @param options.file the same as a path: lines are appended, whoever else cuts the file.
 */
export function createJsonLog(options: {
  readonly level: LogLevel;
  readonly destination?: DestinationStream;
  readonly file?: string;
}): Log {
  const settings = {
    level: options.level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const { file } = options;
  const target = options.destination ?? (file && pino.destination({ dest: file, append: true }));
  return wrap(target ? pino(settings, target) : pino(settings));
}

function wrap(logger: Logger): Log {
  const say = (level: LogLevel) => (message: string, fields?: LogFields) =>
    fields === undefined ? logger[level](message) : logger[level](fields, message);
  return {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    with: (fields) => wrap(logger.child(fields)),
  };
}
