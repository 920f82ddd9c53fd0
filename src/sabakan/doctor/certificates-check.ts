/** Certificates that are about to end. */

import { formatInstant, type Instant, instant, msBetween } from '../../base/time.ts';
import { fine, type Look, problem, warning } from './finding.ts';

export type CertificateFacts = {
  /** `server-cert /etc/…`. */
  readonly subject: string;
  readonly beginsMs?: number;
  readonly endsMs?: number;
  /** Why it cannot be read. */
  readonly trouble?: string;
};

const dayMs = 86_400_000;
/** Enough for a person to notice on a working day. */
const warnDays = 21;

export function checkCertificates(
  certificates: readonly CertificateFacts[],
  now: Instant,
): readonly Look[] {
  return certificates.map(({ subject, beginsMs, endsMs, trouble }) => {
    if (trouble !== undefined || endsMs === undefined) {
      return problem(
        subject,
        trouble ?? 'it has no end',
        'put a PEM certificate there that the user of the server may read',
      );
    }
    const ends = instant(endsMs);
    const leftMs = msBetween(now, ends);
    const until = `until ${formatInstant(ends)}`;
    if (beginsMs !== undefined && msBetween(now, instant(beginsMs)) > 0) {
      return problem(
        subject,
        `valid only from ${formatInstant(instant(beginsMs))}`,
        'is the clock of this host right?',
      );
    }
    if (leftMs <= 0) {
      return problem(
        subject,
        `expired: it was valid ${until}`,
        'replace it: a running server takes a new file by itself',
      );
    }
    const days = Math.floor(leftMs / dayMs);
    if (days < warnDays) {
      return warning(subject, `${days} days left, ${until}`, 'renew it before that day');
    }
    return fine(subject, `${days} days left, ${until}`);
  });
}
