/** `/api/v1/config/ipam` and `/api/v1/config/dhcp`. */

import { dhcpConfigToJson, parseDhcpConfig } from '../../inventory/dhcp-config.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { ipamConfigToJson, parseIpamConfig } from '../../inventory/ipam.ts';
import { jsonAnswer } from '../go-json.ts';
import { badRequest, v1Error } from '../problems.ts';
import { actorOf, answerWith, byMethod, type Noun, readJson } from './noun.ts';

const notSet = (what: string) =>
  ({ kind: 'not-found', text: `the ${what} configuration was never set` }) as const;

export function configNoun(deps: {
  readonly inventory: Pick<Inventory, 'ipam' | 'dhcp' | 'putIpam' | 'putDhcp'>;
  readonly serverName: string;
}): Noun {
  const { inventory, serverName } = deps;
  const ipam = byMethod('/api/v1/config/ipam', {
    GET: async (exchange) => {
      const config = inventory.ipam();
      if (config === undefined) return v1Error(exchange, notSet('ipam'));
      return jsonAnswer(200, ipamConfigToJson(config));
    },
    PUT: async (exchange) => {
      const json = await readJson(exchange);
      if (!json.ok) return v1Error(exchange, json.error);
      const config = parseIpamConfig(json.value);
      if (!config.ok) return v1Error(exchange, badRequest(config.error));
      const put = await inventory.putIpam(config.value, actorOf(exchange, serverName));
      return answerWith(exchange, put, jsonAnswer(200, null));
    },
  });
  const dhcp = byMethod('/api/v1/config/dhcp', {
    GET: async (exchange) => {
      const config = inventory.dhcp();
      if (config === undefined) return v1Error(exchange, notSet('dhcp'));
      return jsonAnswer(200, dhcpConfigToJson(config));
    },
    PUT: async (exchange) => {
      const json = await readJson(exchange);
      if (!json.ok) return v1Error(exchange, json.error);
      const config = parseDhcpConfig(json.value);
      if (!config.ok) return v1Error(exchange, badRequest(config.error));
      const put = await inventory.putDhcp(config.value, actorOf(exchange, serverName));
      return answerWith(exchange, put, jsonAnswer(200, null));
    },
  });
  return (path) => (path === 'config/ipam' ? ipam : path === 'config/dhcp' ? dhcp : undefined);
}
