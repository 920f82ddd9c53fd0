import { describe } from 'vitest';
import { put, saysTheSame } from '../../support/noun-contract.ts';

describe('boot rules', () =>
  saysTheSame({
    noun: 'boot-rules',
    name: 'web',
    make: (server) =>
      put(
        server,
        '/api/v2/boot-rules/web',
        JSON.stringify({ match: { role: 'cs', labels: { web: 'yes' } }, kernelParams: 'quiet' }),
      ),
    others: [],
  }));
