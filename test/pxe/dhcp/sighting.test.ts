import { describe, expect, it } from 'vitest';
import type { DhcpSighting } from '../../../src/pxe/sightings.ts';
import { aBed, type Bed, bind, ip, mac, message } from './bed.ts';

function dhcpOf({ events }: Bed): readonly DhcpSighting[] {
  return events.filter((event) => event.by === 'dhcp');
}

describe('a DHCP message is told', () => {
  it('with its answer and both frames as they went over the wire', async () => {
    const bed = aBed();
    const address = await bind(bed, { xid: 7 });
    const [discover, request] = dhcpOf(bed);
    expect(discover).toMatchObject({ message: 'discover', answer: 'offer', xid: 7, mac: mac(1) });
    expect(request).toMatchObject({ message: 'selecting', answer: 'ack', address: ip(address) });
    expect(request?.received.from).toEqual({ address: '0.0.0.0', port: 68 });
    expect(request?.received.to).toEqual({ address: '255.255.255.255', port: 67 });
    expect(request?.sent?.from).toEqual({ address: bed.server, port: 67 });
    expect(request?.sent?.payload[0]).toBe(2);
  });

  it('with its reason when silence is the answer', async () => {
    const bed = aBed({ ipam: undefined });
    await bed.ask(message('discover'));
    expect(dhcpOf(bed)).toMatchObject([
      { answer: 'silence', reason: 'no IPAM or DHCP configuration yet', sent: undefined },
    ]);
  });

  it('with what the client and its relay say of themselves', async () => {
    const bed = aBed();
    await bed.ask(
      message('discover', {
        giaddr: '10.69.1.1',
        options: [
          [60, new TextEncoder().encode('PXEClient:Arch:00007:UNDI:003000')],
          [61, Uint8Array.of(1, 2, 3)],
          [77, new TextEncoder().encode('iPXE')],
          [82, Uint8Array.of(1, 2, 0x65, 0x31, 2, 1, 0x73)],
          [93, Uint8Array.of(0, 7)],
          [97, Buffer.from('006607d1de9c384540909002d215cd86c4', 'hex')],
        ],
      }),
    );
    const [told] = dhcpOf(bed);
    const { client, relay } = told ?? {};
    expect(client?.vendorClass).toBe('PXEClient:Arch:00007:UNDI:003000');
    expect(client?.userClasses).toEqual(['iPXE']);
    expect(client?.architectures).toEqual([7]);
    expect(client?.uuid).toBe('ded10766-389c-4045-9090-02d215cd86c4');
    expect(client?.clientId).toBe('010203');
    expect(client?.hostName).toBe(undefined);
    expect(client?.isIpxe).toBe(true);
    expect(relay?.address).toBe(ip('10.69.1.1'));
    expect(relay?.circuitId).toEqual(Uint8Array.of(0x65, 0x31));
    expect(relay?.remoteId).toEqual(Uint8Array.of(0x73));
  });
});
