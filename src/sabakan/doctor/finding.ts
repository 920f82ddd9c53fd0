/** What an examination says: facts in, sentences for an operator at three in the morning out. */

export type Level = 'ok' | 'warning' | 'problem';

/** What one look found. */
export type Look = {
  readonly level: Level;
  /** What was looked at: an endpoint, a file, a record. */
  readonly subject: string;
  /** What was found there, with its numbers. */
  readonly found: string;
  /** What to do; empty when all is well. */
  readonly advice: string;
};

export type DoctorFinding = Look & {
  /** Which check says so. */
  readonly check: string;
};

export function fine(subject: string, found: string): Look {
  return { level: 'ok', subject, found, advice: '' };
}

export function warning(subject: string, found: string, advice: string): Look {
  return { level: 'warning', subject, found, advice };
}

export function problem(subject: string, found: string, advice: string): Look {
  return { level: 'problem', subject, found, advice };
}

/** 1536 → `1.5 KiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
}
