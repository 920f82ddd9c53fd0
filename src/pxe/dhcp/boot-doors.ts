/** Port 4011 beside each door, where a client that another server gave an address asks for its boot file. */

import type { Result } from '../../base/result.ts';
import type { Log, NetProblem, NetworkInterface } from '../../base/world.ts';
import type { Door } from './links.ts';

export type BootDoors = {
  /** Opens and closes them until there is one beside each of these. */
  readonly follow: (doors: readonly Door[]) => Promise<void>;
  readonly all: () => readonly Door[];
  /** Why some could not be opened, as sentences. */
  readonly missing: () => readonly string[];
  readonly close: () => void;
};

export function createBootDoors(
  open: (link: NetworkInterface | undefined) => Promise<Result<Door, NetProblem>>,
  log: Pick<Log, 'warn'>,
): BootDoors {
  let bootDoors: readonly Door[] = [];
  let missing: readonly string[] = [];
  const isBeside = (one: Door, other: Door): boolean => one.link === other.link;

  return {
    follow: async (doors) => {
      for (const bootDoor of bootDoors) {
        if (!doors.some((door) => isBeside(door, bootDoor))) bootDoor.socket.close();
      }
      bootDoors = bootDoors.filter((one) => doors.some((door) => isBeside(door, one)));
      const texts: string[] = [];
      for (const door of doors) {
        if (bootDoors.some((one) => isBeside(one, door))) continue;
        const opened = await open(door.link);
        if (opened.ok) bootDoors = [...bootDoors, opened.value];
        else texts.push(opened.error.text);
      }
      for (const text of texts) {
        if (!missing.includes(text)) log.warn('port 4011 is not served', { text });
      }
      missing = texts;
    },
    all: () => bootDoors,
    missing: () => missing,
    close: () => {
      for (const { socket } of bootDoors) socket.close();
      bootDoors = [];
    },
  };
}
