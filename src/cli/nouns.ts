/** Every noun that `tetsu get` lists. */

import { assetNoun } from './nouns/asset.ts';
import { bootNoun } from './nouns/boot.ts';
import { bootRuleNoun, channelNoun } from './nouns/boot-policy.ts';
import { brakeNoun } from './nouns/brake.ts';
import { configNoun } from './nouns/config.ts';
import { discoveryNoun } from './nouns/discovery.ts';
import { discoveryRuleNoun } from './nouns/discovery-rule.ts';
import { imageNoun } from './nouns/image.ts';
import { kernelParamsNoun } from './nouns/kernel-params.ts';
import { leaseNoun } from './nouns/lease.ts';
import { machineNoun } from './nouns/machine.ts';
import { networkNoun } from './nouns/network.ts';
import type { CliNoun } from './nouns/noun.ts';
import { operationNoun } from './nouns/operation.ts';
import { planNoun } from './nouns/plan.ts';
import { rackNoun } from './nouns/rack.ts';
import { subnetNoun } from './nouns/subnet.ts';
import { templateNoun } from './nouns/template.ts';
import { tokenNoun } from './nouns/token.ts';

export const nouns: readonly CliNoun[] = [
  machineNoun,
  rackNoun,
  leaseNoun,
  bootNoun,
  subnetNoun,
  networkNoun,
  configNoun,
  imageNoun,
  assetNoun,
  templateNoun,
  brakeNoun,
  discoveryNoun,
  discoveryRuleNoun,
  planNoun,
  kernelParamsNoun,
  channelNoun,
  bootRuleNoun,
  tokenNoun,
  operationNoun,
];
