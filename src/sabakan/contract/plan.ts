/** Plans: what the cluster that is kept should be, why, and what holds it back. */

import Type, { type Static } from 'typebox';
import { getOperation, listOperation, type Noun, watchOperation } from './collection-operations.ts';
import { planColumns } from './columns.ts';
import type { Operation } from './operation.ts';

const time = (description: string) => Type.String({ format: 'date-time', description });
const text = (description: string) => Type.String({ description });
const serials = (description: string) => Type.Array(Type.String(), { description });
const refusals = (description: string) =>
  Type.Array(
    Type.Object({
      kind: Type.String(),
      holds: Type.Enum(['everything', 'all-but-taints']),
      text: Type.String(),
      numbers: Type.Record(Type.String(), Type.Number(), {
        description: 'the figures behind it, by name',
      }),
      release: text('what would let the plan go on'),
    }),
    { description },
  );

const planSchema = Type.Object({
  name: text('of the cluster in its template; `cluster` where that has none'),
  revision: text("grows with every difference that this server has seen; the store's, or beyond"),
  leading: Type.Boolean({ description: 'false: what the leader would do, as this server sees it' }),
  madeAt: Type.Union([time('of the pass that made it'), Type.Null()]),
  generation: Type.Integer({ minimum: 0, description: 'of the cluster as it was written last' }),
  pending: Type.Boolean({ description: 'whether a write is due' }),
  problem: Type.Union([text('why the last write failed'), Type.Null()]),
  changes: Type.Array(
    Type.Object({ kind: Type.String(), serial: Type.String(), text: Type.String() }),
    { description: 'from the cluster as it was written last' },
  ),
  swaps: Type.Array(
    Type.Object({
      failed: text('serial of the worker that goes'),
      newcomer: text('serial of the one that takes its place'),
      stage: Type.String(),
      text: Type.String(),
    }),
  ),
  refusals: refusals('what holds it back'),
  overruled: refusals('what would, had not a person overruled it for a while'),
  waitingFor: Type.Array(Type.Object({ text: Type.String() })),
  controlPlanes: serials('of the machines that are to be control planes'),
  workers: serials('of those that are to be workers'),
  decisions: Type.Array(
    Type.Object({
      serial: Type.String(),
      is: Type.Enum(['control-plane', 'worker', 'out']),
      text: text('why'),
    }),
    { description: 'on every machine' },
  ),
  writes: Type.Array(
    Type.Object({
      at: time('when'),
      generation: Type.Integer({ minimum: 0 }),
      inventoryRevision: Type.String(),
      changes: Type.Array(Type.String()),
    }),
    { description: 'of this server, the newest last' },
  ),
});
export type PlanV2 = Static<typeof planSchema>;

const plans: Noun = {
  noun: 'plans',
  one: 'plan of a cluster',
  key: 'name',
  keyHolds: 'the name of the cluster',
  columns: planColumns,
  hasLabels: false,
  schema: planSchema,
};

export const listPlans = listOperation(plans);
export const getClusterPlan: Operation = { ...getOperation(plans), id: 'getClusterPlan' };
export const watchPlans = watchOperation(plans);

export const planOperations: readonly Operation[] = [listPlans, getClusterPlan, watchPlans];
