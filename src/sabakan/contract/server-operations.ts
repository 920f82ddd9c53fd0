/** What a server says of itself and of the plan. */

import Type from 'typebox';
import { getDoctor } from './doctor.ts';
import type { Operation } from './operation.ts';

export const getPlan: Operation = {
  id: 'getPlan',
  method: 'GET',
  path: '/plan',
  summary: 'what the cluster should be, why, and what is held back',
  needs: 'viewer',
  answer: { status: 200, holds: 'the plan of the last pass', schema: Type.Object({}) },
  problems: ['not-found'],
};

export const getStatus: Operation = {
  id: 'getStatus',
  method: 'GET',
  path: '/status',
  summary: 'what this server is doing',
  needs: 'viewer',
  answer: { status: 200, holds: 'its parts and how they stand', schema: Type.Object({}) },
};

export const getOpenApi: Operation = {
  id: 'getOpenApi',
  method: 'GET',
  path: '/openapi.json',
  summary: 'this description',
  needs: 'viewer',
  answer: { status: 200, holds: 'an OpenAPI 3.1 document', schema: Type.Object({}) },
};

export const serverOperations: readonly Operation[] = [getPlan, getStatus, getDoctor, getOpenApi];
