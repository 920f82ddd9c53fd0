/** What a server finds when it examines itself. */

import Type, { type Static } from 'typebox';
import type { Operation } from './operation.ts';

const doctorReportSchema = Type.Object({
  server: Type.String({ description: 'whose examination this is' }),
  at: Type.String({ format: 'date-time' }),
  healthy: Type.Boolean({ description: 'no finding is a problem' }),
  findings: Type.Array(
    Type.Object({
      check: Type.String({ description: '`etcd`, `ports`, `records` …' }),
      level: Type.Enum(['ok', 'warning', 'problem']),
      subject: Type.String({ description: 'what was looked at' }),
      found: Type.String({ description: 'what was found there' }),
      advice: Type.String({ description: 'what to do; empty when all is well' }),
    }),
  ),
});
export type DoctorReportV2 = Static<typeof doctorReportSchema>;

export const getDoctor: Operation = {
  id: 'getDoctor',
  method: 'GET',
  path: '/doctor',
  summary: 'this server examines itself, its etcd and its host now, which takes up to 15 seconds',
  needs: 'operator',
  answer: {
    status: 200,
    holds: 'what was found, each with what to do',
    schema: doctorReportSchema,
  },
};
