/** How this server receives machines that nobody registered, where their network's policy has them discovered. */

import { areKernelParams } from './ipxe/word.ts';

export type DiscoverySettings = {
  /** Id of the image that looks at a machine nobody registered; absent: it waits in iPXE. */
  readonly imageId?: string;
  /** Of that image. */
  readonly kernelParams: string;
  /** What a rejected machine does: goes on to its next boot device, or stays and asks again now and then. */
  readonly onRejected: 'exit' | 'wait';
};

export const defaultDiscoverySettings: DiscoverySettings = { kernelParams: '', onRejected: 'exit' };

/** They go into a script that machines follow. */
export function areDiscoveryParams(text: string): boolean {
  return areKernelParams(text);
}
