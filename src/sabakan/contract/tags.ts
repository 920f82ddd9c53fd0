/** What the groups of operations are about, where their names do not say it. */

export const tagMeanings: Readonly<Record<string, string>> = {
  machines: 'Every server that is registered: where it is, what it is for, and how it is.',
  racks: 'Nobody registers racks: they are where machines are.',
  config:
    'The network plan (ipam) and what DHCP tells clients (dhcp), with Sabakan’s member names.',
  channels: 'Named pointers to an image, which boot rules follow.',
  captures: 'What was seen of a machine’s last boots, as packets.',
  'boot-explanations': 'What a machine would boot, and what decides it.',
  'boot-rules': 'Which machines boot with something else than the newest image.',
  leases: 'Addresses that DHCP has lent.',
  plan: 'What the cluster should be, and why.',
  status: 'What this server is doing.',
  openapi: 'The description that this page is made of.',
  operations: 'Work that takes longer than a request.',
};
