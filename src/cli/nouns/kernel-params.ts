/** Kernel parameters, for people. */

import { kernelParamsColumns } from '../../sabakan/contract/columns.ts';
import type { KernelParamsV2 } from '../../sabakan/contract/kernel-params.ts';
import { type CliNoun, columnsOf } from './noun.ts';

export const kernelParamsNoun: CliNoun = {
  names: ['kernel-params'],
  describes: 'kernel parameters: what goes onto the command line of each operating system',
  nameOf: (object) => (object as KernelParamsV2).os,
  selectable: kernelParamsColumns,
  hasLabels: false,
  deletable: true,
  values: {},
  columns: columnsOf<KernelParamsV2>([
    ['OS', ({ os }) => os],
    ['PARAMS', ({ params }) => params],
  ]),
};
