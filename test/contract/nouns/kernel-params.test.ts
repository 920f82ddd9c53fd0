import { describe } from 'vitest';
import { put, saysTheSame } from '../../support/noun-contract.ts';

describe('kernel parameters', () =>
  saysTheSame({
    noun: 'kernel-params',
    name: 'coreos',
    make: (server) => put(server, '/api/v1/kernel_params/coreos', 'console=ttyS0'),
    others: [
      [
        'version 1',
        async ({ url }) => (await fetch(`${url}/api/v1/kernel_params/coreos`)).text(),
        ({ params }) => params,
      ],
    ],
  }));
