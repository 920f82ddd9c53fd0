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
  listSubnets: { method: 'GET', path: '/subnets', reads: 'pages' },
  getSubnet: { method: 'GET', path: '/subnets/{name}', reads: 'json' },
  listImages: { method: 'GET', path: '/images', reads: 'pages' },
  getImage: { method: 'GET', path: '/images/{os}/{id}', reads: 'json' },
  watchImages: { method: 'GET', path: '/watch/images', reads: 'events' },
  putImage: { method: 'PUT', path: '/images/{os}/{id}', reads: 'json', type: 'application/x-tar' },
  deleteImage: { method: 'DELETE', path: '/images/{os}/{id}', reads: 'nothing' },
  listAssets: { method: 'GET', path: '/assets', reads: 'pages' },
  getAsset: { method: 'GET', path: '/assets/{name}', reads: 'json' },
  watchAssets: { method: 'GET', path: '/watch/assets', reads: 'events' },
  putAsset: { method: 'PUT', path: '/assets/{name}', reads: 'json', type: 'application/octet-stream' },
  deleteAsset: { method: 'DELETE', path: '/assets/{name}', reads: 'nothing' },
  listTemplates: { method: 'GET', path: '/templates', reads: 'pages' },
  getTemplate: { method: 'GET', path: '/templates/{role}/{id}', reads: 'json' },
  watchTemplates: { method: 'GET', path: '/watch/templates', reads: 'events' },
  putTemplate: { method: 'PUT', path: '/templates/{role}/{id}', reads: 'json' },
  deleteTemplate: { method: 'DELETE', path: '/templates/{role}/{id}', reads: 'nothing' },
  listEvents: { method: 'GET', path: '/events', reads: 'pages' },
  getEvent: { method: 'GET', path: '/events/{id}', reads: 'json' },
  watchEvents: { method: 'GET', path: '/watch/events', reads: 'events' },
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
  listOperations: { method: 'GET', path: '/operations', reads: 'pages' },
  getOperation: { method: 'GET', path: '/operations/{id}', reads: 'json' },
  watchOperations: { method: 'GET', path: '/watch/operations', reads: 'events' },
  cancelOperation: { method: 'POST', path: '/operations/{id}/cancel', reads: 'json' },
  getPlan: { method: 'GET', path: '/plan', reads: 'json' },
  getStatus: { method: 'GET', path: '/status', reads: 'json' },
  getDoctor: { method: 'GET', path: '/doctor', reads: 'json' },
  getOpenApi: { method: 'GET', path: '/openapi.json', reads: 'json' },
} as const satisfies Readonly<Record<string, Row>>;
