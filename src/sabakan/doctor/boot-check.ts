/** Whether machines could boot now: programs, an image, and a template for each role. */

import type { Machine } from '../../inventory/machine.ts';
import { fine, type Look, problem, warning } from './finding.ts';

export type BootParts = {
  readonly machines: readonly Machine[];
  /** Names of boot programs that are served, and those that should be. */
  readonly loaders: readonly string[];
  readonly loadersWanted: readonly string[];
  /** Of the index. */
  readonly images: number;
  /** What machines boot from this server. */
  readonly newestHere: string | undefined;
  /** Renders the newest template of a role for a machine; undefined: the role has none. */
  readonly render: (
    machine: Machine,
  ) => { readonly id: string; readonly trouble?: string } | undefined;
};

export function checkBoot(parts: BootParts): readonly Look[] {
  return [...checkLoaders(parts), checkImages(parts), ...checkTemplates(parts)];
}

function checkLoaders({ loaders, loadersWanted }: BootParts): readonly Look[] {
  return loadersWanted.map((name) =>
    loaders.includes(name)
      ? fine(name, 'is served to firmware')
      : problem(
          name,
          'is not served: firmware of its kind cannot boot',
          'install the distribution’s package ipxe, or set tftp.root and ipxe-efi-path; then restart',
        ),
  );
}

function checkImages({ images, newestHere, machines }: BootParts): Look {
  if (newestHere !== undefined) return fine('image', `machines boot ${newestHere}`);
  const found =
    images === 0 ? 'no image has been uploaded' : `none of ${images} images is on this server yet`;
  const advice =
    images === 0
      ? 'upload one (sabactl images upload, or PUT /api/v1/images/coreos/ID)'
      : 'can this server reach the URLs of the others? GET /api/v2/status, boot, says why not';
  const level = machines.length === 0 ? warning : problem;
  return level('image', `${found}: no machine can boot from here`, advice);
}

/** One machine of each role, the first by serial: what fails for one most often fails for all. */
function checkTemplates({ machines, render }: BootParts): readonly Look[] {
  const first = new Map<string, Machine>();
  for (const machine of machines) {
    if (!first.has(machine.spec.role)) first.set(machine.spec.role, machine);
  }
  return [...first]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([role, machine]) => {
      const { serial } = machine.spec;
      const rendered = render(machine);
      if (rendered === undefined) {
        return problem(
          `role ${role}`,
          'has no Ignition template: its machines stop in iPXE',
          `tetsu ignition set ${role} VERSION --file FILE`,
        );
      }
      const { id, trouble } = rendered;
      if (trouble === undefined) {
        return fine(`role ${role}`, `template ${id} renders for ${serial}`);
      }
      return problem(
        `role ${role}`,
        `template ${id} does not render for ${serial}: ${trouble}`,
        `tetsu ignition preview ${serial} shows where; set a corrected version, or delete this one`,
      );
    });
}
