/** All operations of version 2. A new noun is a file with its schema and operations, its columns, and one line here. */

import { assetOperations } from './asset.ts';
import { bootOperations } from './boot.ts';
import { bootExplanationOperations } from './boot-explanation.ts';
import { bootRuleOperations, channelOperations } from './boot-policy.ts';
import { brakeOperations } from './brake.ts';
import { captureOperations } from './capture.ts';
import { configOperations } from './config.ts';
import { discoveryOperations } from './discovery.ts';
import { discoveryRuleOperations } from './discovery-rule.ts';
import { eventOperations } from './event.ts';
import { imageOperations } from './image.ts';
import { kernelParamsOperations } from './kernel-params.ts';
import { leaseOperations } from './lease.ts';
import { machineOperations } from './machine-operations.ts';
import { networkOperations } from './network.ts';
import type { Operation } from './operation.ts';
import { planOperations } from './plan.ts';
import { rackOperations } from './rack.ts';
import { registrationOperations } from './registration.ts';
import { serverOperations } from './server-operations.ts';
import { subnetOperations } from './subnet.ts';
import { templateOperations } from './template.ts';
import { tokenOperations } from './token.ts';
import { workOperations } from './work.ts';

export const operations: readonly Operation[] = [
  ...machineOperations,
  ...rackOperations,
  ...leaseOperations,
  ...bootOperations,
  ...subnetOperations,
  ...configOperations,
  ...imageOperations,
  ...assetOperations,
  ...templateOperations,
  ...eventOperations,
  ...kernelParamsOperations,
  ...networkOperations,
  ...channelOperations,
  ...bootRuleOperations,
  ...bootExplanationOperations,
  ...captureOperations,
  ...registrationOperations,
  ...tokenOperations,
  ...brakeOperations,
  ...discoveryOperations,
  ...discoveryRuleOperations,
  ...planOperations,
  ...workOperations,
  ...serverOperations,
];
