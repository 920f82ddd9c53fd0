import { describe } from 'vitest';
import { put, saysTheSame } from '../../support/noun-contract.ts';

describe('networks', () =>
  saysTheSame({
    noun: 'networks',
    name: 'rack-3',
    make: (server) =>
      put(server, '/api/v2/networks/rack-3', '{"cidr":"10.69.3.0/24","mode":"off"}'),
    without: ['otherServers'],
    others: [],
  }));
