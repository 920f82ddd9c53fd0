/** Whether somebody else lends addresses on a link of ours. */

import type { Result } from '../../base/result.ts';
import type { DhcpOffer } from '../../pxe/dhcp-survey.ts';
import { fine, type Look, problem, warning } from './finding.ts';

/** @param own addresses of this host: offers of a server that runs on it. */
export function checkSurvey(
  link: string,
  survey: Result<readonly DhcpOffer[], string>,
  own: readonly string[],
): readonly Look[] {
  const subject = `DHCP on ${link}`;
  if (!survey.ok) {
    const advice = 'run it as root; a DHCP client of this host may hold port 68 (ss -lunp)';
    return [warning(subject, `could not be asked: ${survey.error}`, advice)];
  }
  const others = survey.value.filter(({ server }) => !own.includes(server));
  if (others.length > 0) {
    return others.map(({ server, address }) =>
      problem(
        subject,
        `${server} offers addresses here, too (${address} to a stranger)`,
        'find it and turn it off, or keep it from this link: machines take whichever answer comes first',
      ),
    );
  }
  const ours = survey.value.length > 0 ? 'only this host offers addresses' : 'nobody offers any';
  return [fine(subject, `one DISCOVER was sent: ${ours}`)];
}
