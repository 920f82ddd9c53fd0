/** Every etcd key of this part, relative to the configured prefix (Sabakan's schema version 3). */

export const schemaVersion = '3';

export const keys = {
  version: 'version',
  ipam: 'ipam',
  dhcp: 'dhcp',
  machines: 'machines/',
  machine: (serial: string): string => `machines/${serial}`,
  indexLists: 'node-indices/',
  nodeIndices: (rack: number): string => `node-indices/${rack}`,
  /** Of this serial alone: `abc/` is no beginning of `abcd/`. */
  diskKeys: (serial: string): string => `crypts/${serial}/`,
  diskKey: (serial: string, path: string): string => `crypts/${serial}/${path}`,
  /** When old days of the audit log were last deleted. */
  auditCompacted: 'audit',
  audit: 'audit/',
  /** `day` as YYYYMMDD. */
  auditDay: (day: string): string => `audit/${day}/`,
} as const;
