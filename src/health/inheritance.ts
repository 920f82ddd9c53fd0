/** What earlier leaders kept about the machines: read again and again until it can be, then handed out once each. */

import type { World } from '../base/world.ts';
import type { Serial } from '../inventory/machine.ts';
import type { EvidenceShelf } from './evidence-shelf.ts';
import type { Kept } from './record.ts';

export type Inheritance = {
  /** Resolves after the first try. */
  readonly load: () => Promise<void>;
  readonly stop: () => void;
  /** Why it is not there yet; undefined once it is. */
  readonly missing: () => string | undefined;
  readonly take: (serial: Serial) => Kept | undefined;
  /** What nobody has taken: forgotten here, its serials answered. */
  readonly leave: () => readonly Serial[];
};

const loadAgainMs = 1000;

export function createInheritance(deps: {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly shelf: Pick<EvidenceShelf, 'load'>;
  readonly onLoaded: () => void;
}): Inheritance {
  const { shelf, onLoaded } = deps;
  const { clock, log } = deps.world;
  let kept: Map<Serial, Kept> | undefined;
  let trouble = 'nothing asked yet';
  let cancel = () => {};
  let stopped = false;

  const load = async (): Promise<void> => {
    trouble = 'they are being read';
    const loaded = await shelf.load();
    if (stopped) return;
    if (!loaded.ok) {
      trouble = loaded.error.text;
      log.warn('evidence not read', { reason: trouble });
      cancel = clock.after(loadAgainMs, () => void load());
      return;
    }
    kept = new Map(loaded.value);
    onLoaded();
  };

  return {
    load,
    stop: () => {
      stopped = true;
      cancel();
    },
    missing: () => (kept === undefined ? trouble : undefined),
    take: (serial) => {
      const record = kept?.get(serial);
      kept?.delete(serial);
      return record;
    },
    leave: () => {
      const serials = [...(kept?.keys() ?? [])];
      kept?.clear();
      return serials;
    },
  };
}
