import { describe, expect, it } from 'vitest';
import { aFace } from '../../support/face.ts';
import { aDhcpSighting, anHttpSighting, macOf } from '../../support/sightings.ts';

const mac = '52:54:00:00:00:01';
const ack = aDhcpSighting({ mac: macOf(mac), answer: 'ack' });
const script = anHttpSighting({ kind: 'script', serial: 's-1' });

describe('GET /api/v2/captures/{machine}', () => {
  it('gives what was seen, by hardware address and by the serial number whose script was asked for', async () => {
    const face = await aFace();
    for (const one of [ack, script]) face.pxe.sightings.tell(one);
    for (const of of [mac, 's-1']) {
      const capture = (await face.must(`GET /api/v2/captures/${of}`)).json();
      const { pcapng, ...about } = capture;
      expect(about).toEqual({
        ...{ of, mac, server: 'boot-0', messages: 2 },
        ...{ firstAt: '2026-11-21T06:00:00Z', lastAt: '2026-11-21T06:00:00Z' },
      });
      // The first block of any pcapng file.
      expect(atob(pcapng).startsWith('\x0a\x0d\x0d\x0a')).toBe(true);
      const raw = await face.must(`GET /api/v2/captures/${of}?format=pcapng`);
      expect([raw.headers['content-type'], raw.rawPayload.toString('base64')]).toEqual([
        'application/x-pcapng',
        pcapng,
      ]);
    }
  });

  it('says which server has nothing', async () => {
    const face = await aFace();
    const { statusCode, body } = await face.ask(`GET /api/v2/captures/${mac}`);
    expect([statusCode, body]).toEqual([
      404,
      expect.stringContaining('boot-0 has recorded nothing of'),
    ]);
  });

  it('records nothing of what a request carried beside its path and its program', async () => {
    const face = await aFace();
    face.pxe.sightings.tell(ack);
    await face.ask('GET /api/v1/boot/coreos/ipxe/s-1?token=hush', {
      from: '10.69.0.40',
      headers: { authorization: 'Bearer hush-hush', cookie: 'hush', 'user-agent': 'iPXE/1.0' },
    });
    const raw = await face.must(`GET /api/v2/captures/${mac}?format=pcapng`);
    const text = raw.rawPayload.toString('latin1');
    expect(text).toContain('GET /api/v1/boot/coreos/ipxe/s-1 HTTP/1.1');
    expect(text).toContain('User-Agent: iPXE/1.0');
    expect(text).not.toContain('hush');
  });
});
