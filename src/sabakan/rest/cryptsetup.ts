/** `/api/v1/cryptsetup`: the program for encrypted disks, as a download. */

import { cryptsetupResponse, type ProgramFile } from '../../pxe/cryptsetup.ts';
import { carried } from './boot.ts';
import type { Noun } from './noun.ts';

export function cryptsetupNoun(program: ProgramFile | undefined): Noun {
  return (path) => {
    if (path !== 'cryptsetup') return undefined;
    // Sabakan does not look at the method here.
    return {
      name: '/api/v1/cryptsetup',
      handle: async ({ method, path, headers, remoteAddress, requestId }) => {
        const request = { method, path, headers, remoteAddress, requestId };
        return carried(await cryptsetupResponse(request, program));
      },
    };
  };
}
