/** Kernel parameters: what goes onto the command line of an operating system's kernel. */

import Type, { type Static } from 'typebox';
import { getOperation, listOperation, type Noun, watchOperation } from './collection-operations.ts';
import { kernelParamsColumns } from './columns.ts';
import { dryRunQuery } from './dry-run.ts';
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

export const listKernelParams = { ...listOperation(kernelParams), id: 'listKernelParams' };
export const getKernelParams = { ...getOperation(kernelParams), id: 'getKernelParams' };
export const watchKernelParams = { ...watchOperation(kernelParams), id: 'watchKernelParams' };

const writeProblems = [
  'precondition-failed',
  'precondition-missing',
  'contended',
  'store-unavailable',
  'outcome-unknown',
];

export const putKernelParams: Operation = {
  id: 'putKernelParams',
  method: 'PUT',
  path: '/kernel-params/{os}',
  summary: 'sets the kernel parameters of an operating system; replacing them takes If-Match',
  needs: 'operator',
  parameters: { os },
  query: dryRunQuery,
  body: newParamsSchema,
  example: { params: 'console=ttyS0 coreos.autologin=ttyS0' },
  answer: { status: 200, holds: 'as they are now, with their ETag', schema: kernelParamsSchema },
  problems: ['os-invalid', 'kernel-params-invalid', ...writeProblems],
};

export const deleteKernelParams: Operation = {
  id: 'deleteKernelParams',
  method: 'DELETE',
  path: '/kernel-params/{os}',
  summary: 'takes the kernel parameters of an operating system away',
  needs: 'operator',
  parameters: { os },
  query: dryRunQuery,
  isConditional: true,
  answer: { status: 204, holds: 'nothing: they are gone; in a dry run: they would be' },
  problems: ['kernel-params-unknown', ...writeProblems],
};

export const kernelParamsOperations: readonly Operation[] = [
  listKernelParams,
  getKernelParams,
  watchKernelParams,
  putKernelParams,
  deleteKernelParams,
];
