/** A boot server that can be made to do wrong things: what a machine makes of them is what the tests are about. */

import type { World } from '../../src/base/world.ts';
import { addressBytes, optionsOf } from '../../src/sim/dhcp-wire.ts';
import type { SimWorld } from '../../src/sim/world.ts';

export const defaultAddress = '10.69.0.3';

export type Wayward = {
  /** The boot file for each client, by what it says in options 60 and 77. */
  bootFile: (client: { readonly vendorClass: string; readonly isIpxe: boolean }) => string;
  readonly files: Map<string, Uint8Array | string>;
  /** Option 60 of the answer to HTTP boot. */
  echoesHttpClient: boolean;
  /** HTTP paths that answer 503 this many times first. */
  readonly troubles: Map<string, number>;
  readonly asked: string[];
};

export async function startWaywardServer(
  sim: SimWorld,
  world: World,
  serverAddress = defaultAddress,
): Promise<Wayward> {
  const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
  const url = `http://${serverAddress}:8080`;
  const server: Wayward = {
    bootFile: ({ vendorClass, isIpxe }) => {
      if (isIpxe) return `${url}/start.ipxe`;
      if (vendorClass.startsWith('HTTPClient')) return `${url}/ipxe.efi`;
      if (vendorClass.includes('Arch:00007')) return 'snponly.efi';
      return vendorClass.includes('Arch:00000') ? 'undionly.kpxe' : '';
    },
    files: new Map<string, Uint8Array | string>([
      ['ipxe.efi', `MZ${'e'.repeat(5_000)}`],
      ['snponly.efi', `MZ${'s'.repeat(3_000)}`],
      ['undionly.kpxe', 'k'.repeat(1432 * 2)],
      ['start.ipxe', '#!ipxe\nchain boot/${serial}\n'],
      [
        'boot/sn-1',
        `#!ipxe\nkernel ../kernel initrd=initrd.gz coreos.config.url=${url}/ign\ninitrd ../initrd.gz\nboot\n`,
      ],
      ['kernel', 'K'.repeat(100)],
      ['initrd.gz', 'I'.repeat(200)],
      [
        'ign',
        JSON.stringify({
          ignition: { version: '2.3.0' },
          networkd: { units: [{ name: 'n', contents: '[Network]\nAddress=10.69.0.4/26\n' }] },
        }),
      ],
    ]),
    echoesHttpClient: true,
    troubles: new Map(),
    asked: [],
  };
  const bytesOf = (name: string): Uint8Array | undefined => {
    const file = server.files.get(name);
    return typeof file === 'string' ? new TextEncoder().encode(file) : file;
  };

  const dhcp = await world.net.openUdp({
    address: serverAddress,
    port: 67,
    onError: () => {},
    onDatagram: ({ payload, from }) => {
      const options = new Map([...optionsOf(payload)].map(({ code, value }) => [code, value]));
      const client = {
        vendorClass: text(options.get(60)),
        isIpxe: text(options.get(77)) === 'iPXE',
      };
      const file = server.bootFile(client);
      const isHttp = client.vendorClass.startsWith('HTTPClient');
      const reply = new Uint8Array(400);
      reply.set(payload.subarray(0, 240));
      reply[0] = 2;
      reply.set([10, 69, 0, 40], 16);
      reply.set(addressBytes(serverAddress), 20);
      reply.set(new TextEncoder().encode(file), 108);
      reply.set(
        [53, 1, options.get(53)?.[0] === 1 ? 2 : 5, 54, 4, ...addressBytes(serverAddress)],
        240,
      );
      const vendor = isHttp && server.echoesHttpClient ? 'HTTPClient' : '';
      reply.set([60, vendor.length, ...new TextEncoder().encode(vendor), 255], 249);
      dhcpSend(reply, from);
    },
  });
  const dhcpSend = (reply: Uint8Array, to: { address: string; port: number }) => {
    if (dhcp.ok) dhcp.value.send(reply, to);
  };

  // One block at a time from one port: enough for a client that checks for itself.
  let tftpFile: Uint8Array | undefined;
  let blockBytes = 512;
  const tftp = await world.net.openUdp({
    address: serverAddress,
    port: 69,
    onError: () => {},
    onDatagram: ({ payload, from }) => {
      const send = (...bytes: number[]) => tftp.ok && tftp.value.send(Uint8Array.from(bytes), from);
      const sendBlock = (block: number) =>
        send(
          0,
          3,
          block >> 8,
          block & 255,
          ...(tftpFile ?? []).slice((block - 1) * blockBytes, block * blockBytes),
        );
      if (payload[1] === 4) {
        const block = ((payload[2] ?? 0) << 8) | (payload[3] ?? 0);
        if (block * blockBytes <= (tftpFile?.length ?? 0)) sendBlock(block + 1);
      }
      if (payload[1] !== 1) return;
      const [name = '', , ...options] = text(payload.subarray(2)).split('\0');
      server.asked.push(`RRQ ${name} ${options.slice(0, -1).join(' ')}`);
      tftpFile = bytesOf(name);
      if (tftpFile === undefined) return send(0, 5, 0, 1, 0);
      blockBytes = Number(options[options.indexOf('blksize') + 1] ?? 512) || 512;
      const agreed = [
        ...(options.includes('blksize') ? ['blksize', String(blockBytes)] : []),
        ...(options.includes('tsize') ? ['tsize', String(tftpFile.length)] : []),
      ];
      return send(0, 6, ...new TextEncoder().encode(agreed.map((word) => `${word}\0`).join('')));
    },
  });

  sim.web.listen(serverAddress, 8080, {
    isUp: () => true,
    handle: async ({ method, url: asked }) => {
      const path = new URL(asked).pathname.slice(1);
      server.asked.push(`${method} /${path}`);
      const troubles = server.troubles.get(path) ?? 0;
      server.troubles.set(path, troubles - 1);
      if (troubles > 0) return { status: 503, headers: {}, body: new Uint8Array() };
      const body = bytesOf(path);
      if (body === undefined) return { status: 404, headers: {}, body: new Uint8Array() };
      const headers = { 'content-length': String(body.length) };
      return { status: 200, headers, body: method === 'HEAD' ? new Uint8Array() : body };
    },
  });
  return server;
}
