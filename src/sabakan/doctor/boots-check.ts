/** Whether machines wait in vain while they boot. */

import type { BootBook } from '../../pxe/boot-book.ts';
import { bytesText, fine, type Look, warning } from './finding.ts';

/** The oldest timelines go at the bound; before that somebody may want to know. */
const fullShare = 0.9;

export function checkBoots(
  stuck: ReturnType<BootBook['stuck']>,
  { bytes, bytesMax }: Pick<ReturnType<BootBook['stored']>, 'bytes' | 'bytesMax'>,
): readonly Look[] {
  const room = `${bytesText(bytes)} of ${bytesText(bytesMax)} are used`;
  return [
    ...[...stuck].map(([step, count]) =>
      warning(
        step,
        `${count} ${count === 1 ? 'machine waits' : 'machines wait'} for it, past the deadline`,
        `tetsu get boots --state stuck --awaited ${step}; tetsu describe boot SERIAL says why`,
      ),
    ),
    ...(stuck.size === 0 ? [fine('boots', 'none waits in vain')] : []),
    bytes < bytesMax * fullShare
      ? fine('timelines', room)
      : warning(
          'timelines',
          room,
          'the oldest boots go by themselves; export what you want to keep',
        ),
  ];
}
