/**
 * What the objects of each noun are selected and sorted by, and what it holds. Without schemas: a command that only needs
 * the names does not wait a tenth of a second for the schema library.
 */

/** What machines are selected and sorted by, and what it holds. */
export const machineColumns = {
  serial: 'the serial number',
  rack: 'the logical rack number',
  indexInRack: 'its index in the rack',
  role: 'the role',
  state: 'the state of its life',
  since: 'when that state began',
  bmcType: 'the type of its BMC',
  ipv4: 'the first node address',
  registerDate: 'when it was registered',
  retireDate: 'when it is meant to go',
  held: 'true or false: whether automation keeps its hands off it',
} as const;

/** What racks are selected and sorted by, and what it holds. */
export const rackColumns = {
  rack: 'the logical rack number',
  machines: 'how many are registered in it',
  workers: 'how many of them are no boot machine',
  boot: 'serial of its boot machine; a rack without one has none',
  healthy: 'how many are healthy',
  unhealthy: 'how many are unhealthy',
  unreachable: 'how many are unreachable',
} as const;

/** What events are selected by, and what it holds. */
export const eventColumns = {
  category: 'the kind of thing: machines, image, brakes, …',
  instance: 'what was changed: a serial, a name',
  user: 'who changed it',
  action: 'what was done, as in set-state',
} as const;

/** What subnets are selected and sorted by, and what it holds. */
export const subnetColumns = {
  name: 'its name',
  kind: 'node or bmc',
  rack: 'the rack it is for',
  network: 'as in 10.69.0.0/26',
  used: 'addresses of registered machines',
  free: 'addresses that DHCP may lend',
} as const;

/** What leases are selected and sorted by, and what it holds. */
export const leaseColumns = {
  address: 'the address that is lent',
  mac: 'the hardware address of the client',
  serial: 'the serial number of its machine, where the server knows it',
  state: 'leased, ended or declined',
  expires: 'when it ends',
  rack: 'the rack whose network the address is in',
  range: 'the first address of its range',
} as const;

/** What networks are selected and sorted by, and what it holds. */
export const networkColumns = {
  name: 'its name',
  cidr: 'as in 10.69.0.0/20',
  mode: 'server, proxy or off',
  discovery: 'off, ask or rules',
  implicit: 'true or false: whether no record makes it, but the IPAM configuration',
} as const;

/** What a network's members may be; the server's own lists are held against these. */
export const networkValues = {
  mode: ['server', 'proxy', 'off'],
  discovery: ['off', 'ask', 'rules'],
} as const;

/** What boots are selected and sorted by, and what it holds. */
export const bootColumns = {
  id: 'its id',
  serial: 'the serial number of the machine',
  mac: 'the hardware address it boots with',
  state: 'running, stuck, up, healthy or failed',
  firmware: 'the kind of firmware',
  began: 'when it began',
  reached: 'how far it came',
  awaited: 'the step it waits for',
  current: 'true or false: whether it is the last boot of its machine',
} as const;

/** What kernel parameters are selected and sorted by, and what it holds. */
export const kernelParamsColumns = {
  os: 'the operating system',
  params: 'the parameters themselves',
} as const;

/** What channels are selected and sorted by, and what it holds. */
export const channelColumns = {
  name: 'its name',
  image: 'the image it points to',
  kernelParams: 'the kernel parameters it sets',
} as const;

/** What boot rules are selected and sorted by, and what it holds. */
export const bootRuleColumns = {
  name: 'its name',
  role: 'the role it is about; a rule about any has none',
  channel: 'the channel its machines follow',
  image: 'the image it pins',
} as const;

/** What configurations are selected and sorted by, and what it holds. */
export const configColumns = { name: 'ipam or dhcp' } as const;

/** What tokens are selected and sorted by, and what it holds. */
export const tokenColumns = {
  id: 'the id',
  name: 'of whom it is for',
  role: 'the role',
  state: 'active, expired or revoked',
  createdBy: 'who made it',
  createdAt: 'when it was made',
  expiresAt: 'when it ends',
} as const;

/** What brakes are selected and sorted by, and what it holds. */
export const brakeColumns = {
  name: 'its name',
  by: 'health, cluster or operator',
  state: 'holding or lifted',
  holds: 'health, cluster or everything',
  since: 'when it began to hold',
  liftable: 'true or false: whether an operator may lift it',
} as const;

/** What discovered machines are selected and sorted by, and what it holds. */
export const discoveryColumns = {
  id: 'its MAC address with hyphens',
  serial: 'the serial number it is to have; one whose firmware says none has none',
  mac: 'its MAC address',
  state: 'waiting, approved or rejected',
  confirmed: 'true or false: whether it reached iPXE',
  conflict: 'what kind of thing is in the way; of one that can be approved there is none',
  rack: 'as edited, else as guessed',
  network: 'the name of its network',
  manufacturer: 'as its firmware says',
  product: 'as its firmware says',
  firstSeen: 'when it was noticed',
  lastSeen: 'when it asked last',
} as const;

/** What rules about them are selected and sorted by, and what it holds. */
export const discoveryRuleColumns = {
  name: 'its name',
  order: 'lower ones are asked first',
  verdict: 'approve or reject',
} as const;

/** What plans are selected and sorted by, and what it holds. */
export const planColumns = {
  name: 'the name of the cluster',
  generation: 'of the cluster as it was written last',
  pending: 'true or false: whether a write is due',
  held: 'how many things hold it back',
  controlPlanes: 'how many machines are to be control planes',
  workers: 'how many are to be workers',
} as const;

/** What boot images are selected and sorted by, and what it holds. */
export const imageColumns = {
  os: 'the operating system',
  id: 'the id',
  date: 'when it was uploaded',
  sizeBytes: 'the size of both files together',
  newest: 'true or false: the newest is what machines boot unless a boot rule names another',
  servers: 'how many servers have it',
} as const;

/** What assets are selected and sorted by, and what it holds. */
export const assetColumns = {
  name: 'the name',
  id: 'the number of its version',
  contentType: 'the media type',
  date: 'when it was uploaded',
  sizeBytes: 'the size',
  sha256: 'the SHA-256',
  servers: 'how many servers have it',
} as const;

/** What Ignition templates are selected and sorted by, and what it holds. */
export const templateColumns = {
  role: 'the role',
  id: 'the version',
  ignitionVersion: 'the version of Ignition’s configuration',
  boots:
    'true or false: the highest version boots the role’s machines unless a boot rule names another',
} as const;

/** What operations are selected and sorted by, and what it holds. */
export const workColumns = {
  id: 'the id; ids ascend with time',
  kind: 'what was asked for',
  state: 'running, succeeded, failed, cancelled or interrupted',
  done: 'how much of it is done',
  total: 'how much there is to do',
  by: 'who asked for it',
  runsOn: 'which server does it',
  startedAt: 'when it began',
  endedAt: 'when it ended; a running one has none',
} as const;
