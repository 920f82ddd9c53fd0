import { describe, expect, it } from 'vitest';
import { parseClusterTemplate } from '../../src/cke-bridge/template.ts';
import { tarOf } from '../../src/sim/demo/boot-image.ts';
import { clusterTemplate, relayAddressOf } from '../../src/sim/demo/documents.ts';

describe('the demo', () => {
  it('a tar has a right checksum and whole blocks', () => {
    const tar = tarOf([['kernel', new Uint8Array(700)]]);
    expect(tar.length).toBe(512 + 1024 + 1024);
    const header = tar.slice(0, 512);
    const written = Number.parseInt(new TextDecoder().decode(header.subarray(148, 154)), 8);
    header.fill(32, 148, 156);
    expect(header.reduce((sum, octet) => sum + octet, 0)).toBe(written);
  });

  it('its cluster template is one', () => {
    const parsed = parseClusterTemplate(clusterTemplate);
    expect(parsed.ok ? parsed.value.workers.map(({ role }) => role) : parsed.error).toEqual([
      'cs',
      'ss',
    ]);
  });

  it('relays sit on the gateway address of their rack', () => {
    expect([0, 1, 4].map(relayAddressOf)).toEqual(['127.69.0.1', '127.69.0.65', '127.69.1.1']);
  });
});
