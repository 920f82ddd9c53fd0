import { describe, expect } from 'vitest';
import { put, saysTheSame } from '../../support/noun-contract.ts';

describe('channels', () =>
  saysTheSame({
    noun: 'channels',
    name: 'stable',
    make: (server) =>
      put(server, '/api/v2/channels/stable', JSON.stringify({ kernelParams: 'console=ttyS0' })),
    others: [
      [
        'the audit',
        async ({ url }) => {
          const events = await fetch(`${url}/api/v2/events?category=channels`);
          const { items } = (await events.json()) as { items: { after: unknown }[] };
          expect(items.length).toBe(1);
          return items[0]?.after;
        },
        ({ kernelParams }) => ({ kernelParams }),
      ],
    ],
  }));
