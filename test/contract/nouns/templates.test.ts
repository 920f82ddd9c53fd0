import { describe } from 'vitest';
import { getJson, put, saysTheSame } from '../../support/noun-contract.ts';

describe('a template', () =>
  saysTheSame({
    noun: 'templates',
    name: 'cs/1.2.0',
    without: ['template', 'meta', 'renders'],
    make: (server) =>
      put(
        server,
        '/api/v2/templates/cs/1.2.0',
        JSON.stringify({ ignitionVersion: '2.3', template: { systemd: {} }, meta: { a: 1 } }),
      ),
    others: [
      [
        'version 1',
        (server) => getJson(server, '/api/v1/ignitions/cs/1.2.0'),
        ({ ignitionVersion, template, meta }) => ({ version: ignitionVersion, template, meta }),
      ],
    ],
  }));
