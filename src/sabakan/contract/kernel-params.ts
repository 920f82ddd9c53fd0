/** Kernel parameters: what goes onto the command line of an operating system's kernel. */

import Type, { type Static } from 'typebox';
import {
  changeProblems,
  conditionProblems,
  deleteOperation,
  type Noun,
  putOperation,
  readOperations,
} from './collection-operations.ts';
import { kernelParamsColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const os = 'the operating system, such as coreos';

export const kernelParamsSchema = Type.Object({
  os: Type.String({ description: os }),
  revision: Type.String({ description: "the store's, of the last change; the object's ETag" }),
  params: Type.String({ description: 'as they stand on the command line; empty text is valid' }),
});
export type KernelParamsV2 = Static<typeof kernelParamsSchema>;

const kernelParams: Noun = {
  noun: 'kernel-params',
  one: 'kernel-params',
  key: 'os',
  keyHolds: os,
  columns: kernelParamsColumns,
  hasLabels: false,
  schema: kernelParamsSchema,
};

const newParamsSchema = Type.Object(
  { params: Type.String({ maxLength: 4_096 }) },
  { additionalProperties: false },
);
export type NewKernelParamsV2 = Static<typeof newParamsSchema>;

export const kernelParamsReads = readOperations(kernelParams);

const writeProblems = [...conditionProblems, ...changeProblems];

export const putKernelParams = putOperation(kernelParams, {
  summary: 'sets the kernel parameters of an operating system; replacing them takes If-Match',
  body: newParamsSchema,
  example: { params: 'console=ttyS0 coreos.autologin=ttyS0' },
  answer: { status: 200, holds: 'as they are now, with their ETag', schema: kernelParamsSchema },
  problems: ['os-invalid', 'kernel-params-invalid', ...writeProblems],
});

export const deleteKernelParams = deleteOperation(kernelParams, {
  summary: 'takes the kernel parameters of an operating system away',
  answer: { status: 204, holds: 'nothing: they are gone; in a dry run: they would be' },
  problems: ['kernel-params-unknown', ...writeProblems],
});

export const kernelParamsOperations: readonly Operation[] = [
  ...Object.values(kernelParamsReads),
  putKernelParams,
  deleteKernelParams,
];
