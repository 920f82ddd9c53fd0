/** Requests that may well succeed, so that what stands behind the door is tried, too. */

import { anImage } from '../support/noun-samples.ts';
import type { Dice } from './dice.ts';

export type Good = {
  readonly method: string;
  /** Below `/api/v2`. */
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly bytes?: Uint8Array;
};

const any = { 'if-match': '*' };

/** Machines that nobody registered and that have shown themselves; some are approved, some rejected, some forgotten. */
export const strangers = 60;

export function strangerId(number: number): string {
  return `52-54-00-00-00-${number.toString(16).padStart(2, '0')}`;
}

/** With names that exist now and then; which of them do, earlier requests decide. */
export function goodRequest(dice: Dice): Good {
  const serial = `m${dice.below(60)}`;
  const rack = dice.below(4);
  const spec = { rack, role: 'cs', bmc: { type: 'none' } };
  const version = `1.0.${dice.below(6)}`;
  const place = `/machines/${serial}`;
  // Few, so that one of them comes to its end now and then.
  const mortal = `/machines/m${dice.below(4)}`;
  const state = dice.pick(['healthy', 'retiring', 'retired', 'retired']);
  const text = (body: string): Uint8Array => new TextEncoder().encode(body);
  const noun = dice.pick([
    'machines',
    'racks',
    'templates',
    'assets',
    'images',
    'config',
    'brakes',
  ]);
  const name = dice.pick(['a', 'b', 'c']);
  const stranger = `/discoveries/${strangerId(dice.below(strangers))}`;
  return dice.pick<() => Good>([
    () => ({ method: 'GET', path: `/${noun}`, query: `limit=${1 + dice.below(50)}` }),
    () => ({ method: 'GET', path: `/watch/${noun}` }),
    () => ({ method: 'POST', path: '/machines', body: { serial, spec } }),
    () => ({ method: 'PATCH', path: mortal, headers: any, body: { status: { state } } }),
    () => ({
      method: 'PATCH',
      path: place,
      headers: any,
      body: { spec: { labels: { [name]: dice.pick([version, null]) } } },
    }),
    () => ({
      method: 'PATCH',
      path: place,
      headers: any,
      query: 'evenInUse=true',
      body: { spec: { rack } },
    }),
    () => ({ method: 'DELETE', path: mortal, headers: any }),
    () => ({ method: 'GET', path: dice.pick([place, `${place}/explain`, `${place}/ignition`]) }),
    () => ({
      method: 'POST',
      path: `${place}/ignition`,
      body: { version: '3.4', template: { storage: { files: [] } } },
    }),
    () => ({
      method: 'POST',
      path: '/bulk/machines',
      headers: dice.isBelow(0.3) ? { prefer: 'respond-async' } : {},
      body: {
        select: { names: [serial] },
        expect: 1,
        atomic: dice.isBelow(0.5),
        patch: { spec: { labels: { bulk: version } } },
      },
    }),
    () => ({
      method: 'POST',
      path: '/registrations',
      query: dice.pick(['format=csv', 'format=csv&dryRun=true', 'format=csv&evenInUse=true']),
      bytes: text(`serial,rack,role,bmc-type,label:site\n${serial},${rack},cs,none,${name}\n`),
    }),
    () => ({
      method: 'GET',
      path: dice.pick([`/racks/${rack}`, '/subnets', '/plans', '/leases', '/events']),
    }),
    () => ({ method: 'GET', path: dice.pick(['/status', '/doctor', '/tokens', '/operations']) }),
    () => ({ method: 'GET', path: dice.pick(['/config/dhcp', '/config/ipam', '/kernel-params']) }),
    () => ({
      method: 'GET',
      path: dice.pick(['/kernel-params/coreos', `/templates/cs/${version}`]),
    }),
    () => ({
      method: 'PUT',
      path: '/config/dhcp',
      headers: any,
      body: { spec: { 'lease-minutes': 10 + dice.below(60) } },
    }),
    () => ({
      method: 'PUT',
      path: `/images/coreos/${version}`,
      headers: { 'content-type': 'application/octet-stream' },
      bytes: anImage(version),
    }),
    () => ({ method: 'GET', path: dice.pick([`/images/coreos/${version}`, `/assets/${name}`]) }),
    () => ({ method: 'DELETE', path: `/images/coreos/${version}`, headers: any }),
    () => ({
      method: 'PUT',
      path: `/assets/${name}`,
      headers: { 'content-type': 'text/plain', ...(dice.isBelow(0.5) ? any : {}) },
      bytes: text(version),
    }),
    () => ({ method: 'DELETE', path: `/assets/${name}`, headers: any }),
    () => ({
      method: 'PUT',
      path: `/templates/cs/${version}`,
      body: { ignitionVersion: '2.3', template: { systemd: {} }, meta: null },
    }),
    () => ({ method: 'DELETE', path: `/templates/cs/${version}`, headers: any }),
    () => ({
      method: 'PUT',
      path: '/kernel-params/coreos',
      headers: dice.isBelow(0.5) ? any : {},
      body: { params: `console=ttyS${rack}` },
    }),
    () => ({ method: 'DELETE', path: '/kernel-params/coreos', headers: any }),
    () => ({
      method: 'PUT',
      path: `/networks/${name}`,
      headers: dice.isBelow(0.5) ? any : {},
      body: { cidr: `10.${dice.below(4)}.0.0/16`, mode: dice.pick(['server', 'proxy', 'off']) },
    }),
    () => ({
      method: 'GET',
      path: dice.pick(['/networks', `/networks/${name}`, '/watch/networks']),
    }),
    () => ({ method: 'DELETE', path: `/networks/${name}`, headers: any }),
    () => ({
      method: 'PUT',
      path: `/discovery-rules/${name}`,
      headers: dice.isBelow(0.5) ? any : {},
      body: { order: rack, match: { serial: `${name}*`, rack }, approve: { role: 'cs' } },
    }),
    () => ({
      method: 'GET',
      path: dice.pick(['/discovery-rules', `/discovery-rules/${name}`, '/watch/discovery-rules']),
    }),
    () => ({ method: 'DELETE', path: `/discovery-rules/${name}`, headers: any }),
    () => ({
      method: 'PUT',
      path: `/channels/${name}`,
      headers: dice.isBelow(0.5) ? any : {},
      body: { kernelParams: `console=ttyS${rack}` },
    }),
    () => ({
      method: 'GET',
      path: dice.pick(['/channels', `/channels/${name}`, '/watch/channels']),
    }),
    () => ({ method: 'DELETE', path: `/channels/${name}`, headers: any }),
    () => ({
      method: 'PUT',
      path: `/boot-rules/${name}`,
      headers: dice.isBelow(0.5) ? any : {},
      body: { match: { role: 'cs', labels: { [name]: version } }, kernelParams: 'quiet' },
    }),
    () => ({
      method: 'GET',
      path: dice.pick(['/boot-rules', `/boot-rules/${name}`, '/watch/boot-rules']),
    }),
    () => ({ method: 'DELETE', path: `/boot-rules/${name}`, headers: any }),
    () => ({ method: 'GET', path: `/boot-explanations/${serial}` }),
    () => ({
      method: 'GET',
      path: dice.pick(['/discoveries', '/watch/discoveries', stranger, '/boots', '/watch/boots']),
    }),
    () => ({ method: 'PATCH', path: stranger, headers: any, body: { role: 'cs' } }),
    () => ({ method: 'POST', path: `${stranger}/approve`, body: { role: 'cs', rack } }),
    () => ({ method: 'POST', path: `${stranger}/reject`, body: { reason: `it is ${name}` } }),
    () => ({ method: 'DELETE', path: stranger, headers: any }),
    () => ({
      method: 'POST',
      path: '/bulk/discoveries',
      body: { select: { fieldSelector: 'state=waiting' }, expect: 0, forget: true },
    }),
    () => ({
      method: 'POST',
      path: '/tokens',
      body: { name: `t${dice.below(99)}`, role: 'viewer', days: 1 },
    }),
    () => ({
      method: 'PUT',
      path: '/brakes/manual',
      headers: dice.isBelow(0.5) ? any : {},
      body: { reason: 'a switch is being replaced', holds: 'everything', seconds: 7200 },
    }),
    () => ({ method: 'GET', path: '/brakes/manual' }),
    () => ({ method: 'DELETE', path: '/brakes/manual', headers: any }),
  ])();
}
