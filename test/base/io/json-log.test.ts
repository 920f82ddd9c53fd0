import { expect, it } from 'vitest';
import { createJsonLog } from '../../../src/base/io/json-log.ts';

it('a log line is one JSON object: level, time, message, fields', () => {
  const written: string[] = [];
  const log = createJsonLog({
    level: 'info',
    destination: { write: (line) => void written.push(line) },
  });
  log.debug('not written');
  log.with({ part: 'pxe' }).warn('a packet was dropped', { bytes: 12, why: 'it is "short"\n' });
  log.info('ready');
  const lines = written.map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    {
      level: 'warn',
      message: 'a packet was dropped',
      part: 'pxe',
      bytes: 12,
      why: 'it is "short"\n',
    },
    { level: 'info', message: 'ready' },
  ]);
  expect(lines[0].time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(written.every((line) => line.endsWith('\n') && !line.slice(0, -1).includes('\n'))).toBe(
    true,
  );
});
