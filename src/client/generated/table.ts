// Made by `npm run client` from src/sabakan/contract; a test says when it is old.

/** How an answer is read: one JSON value, pages of a list, events of a watch, or nothing. */
export type Reads = 'json' | 'pages' | 'events' | 'nothing';
export type Row = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v2`. */
  readonly path: string;
  readonly reads: Reads;
  /** Of the body, where it is not plain JSON. */
  readonly type?: string;
};

export const table = {
  listMachines: { method: 'GET', path: '/machines', reads: 'pages' },
  getMachine: { method: 'GET', path: '/machines/{serial}', reads: 'json' },
  watchMachines: { method: 'GET', path: '/watch/machines', reads: 'events' },
  registerMachines: { method: 'POST', path: '/machines', reads: 'json' },
  patchMachine: { method: 'PATCH', path: '/machines/{serial}', reads: 'json', type: 'application/merge-patch+json' },
  deleteMachine: { method: 'DELETE', path: '/machines/{serial}', reads: 'nothing' },
  bulkMachines: { method: 'POST', path: '/bulk/machines', reads: 'json' },
  explainMachine: { method: 'GET', path: '/machines/{serial}/explain', reads: 'json' },
  previewIgnition: { method: 'GET', path: '/machines/{serial}/ignition', reads: 'json' },
  tryIgnition: { method: 'POST', path: '/machines/{serial}/ignition', reads: 'json' },
  listRacks: { method: 'GET', path: '/racks', reads: 'pages' },
  getRack: { method: 'GET', path: '/racks/{rack}', reads: 'json' },
  watchRacks: { method: 'GET', path: '/watch/racks', reads: 'events' },
  listLeases: { method: 'GET', path: '/leases', reads: 'pages' },
  getLease: { method: 'GET', path: '/leases/{address}', reads: 'json' },
  watchLeases: { method: 'GET', path: '/watch/leases', reads: 'events' },
  releaseLease: { method: 'DELETE', path: '/leases/{address}', reads: 'nothing' },
  listKernelParams: { method: 'GET', path: '/kernel-params', reads: 'pages' },
  getKernelParams: { method: 'GET', path: '/kernel-params/{os}', reads: 'json' },
  watchKernelParams: { method: 'GET', path: '/watch/kernel-params', reads: 'events' },
  putKernelParams: { method: 'PUT', path: '/kernel-params/{os}', reads: 'json' },
  deleteKernelParams: { method: 'DELETE', path: '/kernel-params/{os}', reads: 'nothing' },
  applyRegistration: { method: 'POST', path: '/registrations', reads: 'json', type: 'text/csv' },
  listTokens: { method: 'GET', path: '/tokens', reads: 'pages' },
  getToken: { method: 'GET', path: '/tokens/{id}', reads: 'json' },
  watchTokens: { method: 'GET', path: '/watch/tokens', reads: 'events' },
  createToken: { method: 'POST', path: '/tokens', reads: 'json' },
  revokeToken: { method: 'DELETE', path: '/tokens/{id}', reads: 'json' },
  listBrakes: { method: 'GET', path: '/brakes', reads: 'pages' },
  getBrake: { method: 'GET', path: '/brakes/{name}', reads: 'json' },
  watchBrakes: { method: 'GET', path: '/watch/brakes', reads: 'events' },
  liftBrake: { method: 'POST', path: '/brakes/{name}/lift', reads: 'json' },
  putBrake: { method: 'PUT', path: '/brakes/{name}', reads: 'json' },
  deleteBrake: { method: 'DELETE', path: '/brakes/{name}', reads: 'nothing' },
  getPlan: { method: 'GET', path: '/plan', reads: 'json' },
  getStatus: { method: 'GET', path: '/status', reads: 'json' },
  getDoctor: { method: 'GET', path: '/doctor', reads: 'json' },
  getOpenApi: { method: 'GET', path: '/openapi.json', reads: 'json' },
} as const satisfies Readonly<Record<string, Row>>;
