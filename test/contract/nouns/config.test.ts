import { describe } from 'vitest';
import { getJson, put, saysTheSame } from '../../support/noun-contract.ts';

describe('a configuration', () =>
  saysTheSame({
    noun: 'config',
    name: 'dhcp',
    make: (server) =>
      put(
        server,
        '/api/v2/config/dhcp',
        JSON.stringify({ spec: { 'lease-minutes': 30, 'dns-servers': ['10.0.0.1'] } }),
      ),
    others: [
      [
        'version 1',
        (server) => getJson(server, '/api/v1/config/dhcp'),
        ({ spec }) => ({ ...spec }),
      ],
    ],
  }));
