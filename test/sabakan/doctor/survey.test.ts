import { describe, expect, it } from 'vitest';
import { type Ipv4, parseIpv4 } from '../../../src/base/addresses.ts';
import { fail, ok } from '../../../src/base/result.ts';
import type { Net, UdpOptions } from '../../../src/base/world.ts';
import { addressValue, messageTypes, optionCodes } from '../../../src/pxe/dhcp/options.ts';
import { type DhcpPacket, decodeDhcp, encodeDhcp } from '../../../src/pxe/dhcp/packet.ts';
import { surveyDhcp } from '../../../src/pxe/dhcp-survey.ts';
import { checkSurvey } from '../../../src/sabakan/doctor/survey-check.ts';
import { manualClock, seededChance } from '../../support/clock.ts';

const ipv4 = (text: string): Ipv4 => {
  const address = parseIpv4(text);
  if (!address.ok) throw new Error(address.error);
  return address.value;
};

/** A link on which these servers answer, and one strange datagram comes. */
function linkOf(...servers: readonly string[]) {
  const sent: DhcpPacket[] = [];
  const opened: UdpOptions[] = [];
  const net: Net = {
    interfaces: () => [],
    openUdp: async (options) => {
      opened.push(options);
      const from = { address: '10.69.0.3', port: 67 };
      return ok({
        local: { address: '0.0.0.0', port: 68 },
        send: (payload) => {
          const asked = decodeDhcp(payload);
          if (!asked.ok) throw new Error(asked.error.text);
          sent.push(asked.value);
          options.onDatagram({ payload: Uint8Array.of(1, 2, 3), from });
          for (const server of [...servers, ...servers]) {
            const offer = {
              ...asked.value,
              op: 'reply' as const,
              yourAddress: ipv4('10.69.0.40'),
              options: new Map([
                [optionCodes.messageType, Uint8Array.of(messageTypes.offer)],
                [optionCodes.serverId, addressValue(ipv4(server))],
              ]),
            };
            options.onDatagram({ payload: encodeDhcp(offer), from });
            options.onDatagram({ payload: encodeDhcp({ ...offer, xid: offer.xid + 1 }), from });
          }
        },
        close: () => opened.pop(),
      });
    },
  };
  return { net, sent, opened };
}

async function surveyed(net: Net) {
  const clock = manualClock();
  const survey = surveyDhcp({ net, clock, chance: seededChance() }, 'eth0', 4_000);
  await clock.run(4_000);
  return survey;
}

describe('a survey of a link', () => {
  it('sends one DISCOVER that asks for a broadcast, and names each server that offers once', async () => {
    const { net, sent, opened } = linkOf('10.69.0.3', '10.69.0.9');
    expect(await surveyed(net)).toEqual(
      ok([
        { server: '10.69.0.3', address: '10.69.0.40' },
        { server: '10.69.0.9', address: '10.69.0.40' },
      ]),
    );
    expect(sent).toMatchObject([{ op: 'request', broadcast: true }]);
    expect((sent[0]?.hardwareAddress[0] ?? 0) & 3).toBe(2);
    expect(opened).toEqual([]);
  });

  it.each([
    [
      'only this host',
      ok([{ server: '10.69.0.3', address: '10.69.0.40' }]),
      'ok',
      /only this host/,
    ],
    ['nobody', ok([]), 'ok', /nobody offers any/],
    [
      'somebody else',
      ok([{ server: '10.69.0.9', address: '10.69.0.41' }]),
      'problem',
      /10\.69\.0\.9 offers/,
    ],
    ['what cannot be asked', fail('EACCES'), 'warning', /could not be asked: EACCES/],
  ] as const)('judges %s', (_, survey, level, found) => {
    const looks = checkSurvey('eth0', survey, ['10.69.0.3']);
    expect(looks).toEqual([
      expect.objectContaining({ level, found: expect.stringMatching(found) }),
    ]);
  });
});
