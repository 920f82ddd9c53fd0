/** The programs that firmware loads first: iPXE for each kind of it, in memory. */

import type { Content } from './http/artefact.ts';

/** UEFI with all of iPXE's drivers, UEFI with the firmware's own driver, BIOS with the ROM's. */
export const loaderNames = ['ipxe.efi', 'snponly.efi', 'undionly.kpxe'] as const;

export type Loader = Content & { readonly bytes: Uint8Array };

/** Names with their programs; one that is missing is answered "not found". */
export type Loaders = ReadonlyMap<string, Loader>;
