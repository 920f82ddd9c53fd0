import { describe } from 'vitest';
import { put, saysTheSame } from '../../support/noun-contract.ts';

describe('a discovery rule', () =>
  saysTheSame({
    noun: 'discovery-rules',
    name: 'dell',
    make: (server) =>
      put(
        server,
        '/api/v2/discovery-rules/dell',
        '{"order":10,"match":{"manufacturer":"Dell*"},"approve":{"role":"cs","rack":3}}',
      ),
    others: [],
  }));
