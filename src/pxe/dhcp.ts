/** The public face of the DHCP server. */

export type { Dhcp, DhcpSettings } from './dhcp/start.ts';
export { startDhcp } from './dhcp/start.ts';
