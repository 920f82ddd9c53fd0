/** The public face of the DHCP server. */

export type { DhcpEvent } from './dhcp/counters.ts';
export type { Dhcp, DhcpSettings } from './dhcp/start.ts';
export { startDhcp } from './dhcp/start.ts';
