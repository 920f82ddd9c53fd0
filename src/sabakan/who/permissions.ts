/**
 * What every route outside version 2 needs; version 2's operations say it themselves (`Operation.needs`). A route that is
 * not in the table is an administrator's alone.
 */

import type { Route } from '../exchange.ts';
import type { Permission } from './role.ts';

type Row = {
  /** GET and HEAD. */
  readonly read: Permission;
  /** Every other method. */
  readonly change: Permission;
  /** Single methods that differ. */
  readonly methods?: Readonly<Record<string, Permission>>;
};

const everyday: Row = { read: 'viewer', change: 'operator' };
/** The file itself is what machines and the other servers load; the list is for people. */
const blob: Row = { read: 'boot', change: 'operator' };
const settings: Row = { read: 'viewer', change: 'admin' };
const boot: Row = { read: 'boot', change: 'operator' };

/** By the route's name, without what follows a parameter. */
export const permissionTable: Readonly<Record<string, Row>> = {
  '/api/v1/machines': everyday,
  '/api/v1/machines/{serial}': everyday,
  '/api/v1/state/{serial}': everyday,
  '/api/v1/labels/{serial}/{label}': everyday,
  '/api/v1/retire-date/{serial}': everyday,
  '/api/v1/config/ipam': settings,
  '/api/v1/config/dhcp': settings,
  '/api/v1/ignitions/{role}': everyday,
  '/api/v1/ignitions/{role}/{id}': everyday,
  '/api/v1/kernel_params/{os}': everyday,
  '/api/v1/logs': settings,
  '/api/v1/images/coreos': everyday,
  '/api/v1/images/coreos/{id}': blob,
  '/api/v1/assets': everyday,
  '/api/v1/assets/{name}': blob,
  '/api/v1/assets/{name}/meta': everyday,
  '/api/v1/cryptsetup': boot,
  // A booting machine hands in its keys and reads them again; only people delete them.
  '/api/v1/crypts/{serial}/{path}': {
    read: 'boot',
    change: 'operator',
    methods: { PUT: 'boot' },
  },
  '/api/v1/{unknown}': everyday,
  '/graphql': { read: 'viewer', change: 'viewer' },
  '/playground': { read: 'viewer', change: 'viewer' },
  '/metrics': { read: 'viewer', change: 'viewer' },
  '/health': { read: 'open', change: 'open' },
  '/version': { read: 'open', change: 'open' },
  '{unknown}': { read: 'viewer', change: 'viewer' },
};

const bootRoot = '/api/v1/boot/';

/** @returns undefined when nobody has said what the route needs. */
export function permissionOf(
  route: Pick<Route, 'name' | 'needs'>,
  method: string,
): Permission | undefined {
  if (route.needs !== undefined) return route.needs(method);
  const row = route.name.startsWith(bootRoot) ? boot : rowOf(route.name);
  if (row === undefined) return undefined;
  return row.methods?.[method] ?? (isReading(method) ? row.read : row.change);
}

function rowOf(name: string): Row | undefined {
  return Object.hasOwn(permissionTable, name) ? permissionTable[name] : undefined;
}

export function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
