import { expect, it } from 'vitest';
import { settled } from '../support/clock.ts';
import { aFace } from '../support/face.ts';

const template = { version: '2.3', template: { ignition: { version: '2.3.0' } }, meta: {} };

it('a server that hears nothing from the store does not show what it had: it may lack a change of its own', async () => {
  const { must, ask, store } = await aFace();
  await must('POST /api/v1/machines', { body: [{ serial: 'a', role: 'cs', bmc: { type: 'x' } }] });
  await must('PUT /api/v1/config/dhcp', { body: {} });
  await must('PUT /api/v1/kernel_params/coreos', { body: 'quiet' });
  await must('PUT /api/v1/ignitions/cs/1.0.0', { body: template });
  const views = [
    ...['machines?serial=a', 'state/a', 'config/ipam', 'config/dhcp', 'kernel_params/coreos'],
    ...['ignitions/cs', 'ignitions/cs/1.0.0', 'images/coreos'],
  ];
  const statuses = async () => {
    const answers = await Promise.all(views.map((view) => ask(`GET /api/v1/${view}`)));
    return answers.map(({ statusCode }) => statusCode);
  };
  expect(await statuses()).toEqual(views.map(() => 200));
  const mend = store.cutWatches();
  await settled();
  expect(await statuses()).toEqual(views.map(() => 503));
  mend();
  await settled();
  expect(await statuses()).toEqual(views.map(() => 200));
});
