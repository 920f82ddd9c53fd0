/** `/api/v1/config/ipam` and `/api/v1/config/dhcp`. */

import { dhcpConfigToJson, dhcpMembers, parseDhcpConfig } from '../../inventory/dhcp-config.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import { ipamConfigToJson, ipamMembers, parseIpamConfig } from '../../inventory/ipam-config.ts';
import { keys } from '../../inventory/keys.ts';
import { goMembers, jsonAnswer } from '../go-json.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest, type Problem } from '../problems.ts';
import { type Truthful, whyUnknown } from '../whole-truth.ts';
import { actorOf, answerWith, byMethod, type Noun, readJson } from './noun.ts';

export function configNoun(deps: {
  readonly inventory: Truthful & Pick<Inventory, 'ipam' | 'dhcp' | 'putIpam' | 'putDhcp'>;
  readonly serverName: string;
}): Noun {
  const { inventory, serverName } = deps;
  const notSet = (key: string): Problem => ({
    kind: 'not-found',
    text: `the ${key} configuration was never set`,
  });
  const ipam = byMethod('/api/v1/config/ipam', {
    GET: async (exchange) => {
      // A server that hears nothing may not know of a change it took itself.
      const doubt = whyUnknown(inventory, keys.ipam);
      if (doubt !== undefined) return v1Error(exchange, doubt);
      const config = inventory.ipam();
      if (config === undefined) return v1Error(exchange, notSet(keys.ipam));
      return jsonAnswer(200, ipamConfigToJson(config));
    },
    PUT: async (exchange) => {
      const json = await readJson(exchange);
      if (!json.ok) return v1Error(exchange, json.error);
      const config = parseIpamConfig(goMembers(json.value, ipamMembers));
      if (!config.ok) return v1Error(exchange, badRequest(config.error));
      const put = await inventory.putIpam(config.value, actorOf(exchange, serverName));
      return answerWith(exchange, put, jsonAnswer(200, null));
    },
  });
  const dhcp = byMethod('/api/v1/config/dhcp', {
    GET: async (exchange) => {
      const doubt = whyUnknown(inventory, keys.dhcp);
      if (doubt !== undefined) return v1Error(exchange, doubt);
      const config = inventory.dhcp();
      if (config === undefined) return v1Error(exchange, notSet(keys.dhcp));
      return jsonAnswer(200, dhcpConfigToJson(config));
    },
    PUT: async (exchange) => {
      const json = await readJson(exchange);
      if (!json.ok) return v1Error(exchange, json.error);
      const config = parseDhcpConfig(goMembers(json.value, dhcpMembers));
      if (!config.ok) return v1Error(exchange, badRequest(config.error));
      const put = await inventory.putDhcp(config.value, actorOf(exchange, serverName));
      return answerWith(exchange, put, jsonAnswer(200, null));
    },
  });
  return (path) => (path === 'config/ipam' ? ipam : path === 'config/dhcp' ? dhcp : undefined);
}
