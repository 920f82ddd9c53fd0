/** All parts that have records in a Sabakan's database. The first thing a server does is to bring it up to date. */

import type { TakeoverPart } from '../inventory/takeover.ts';
import { inventoryTakeover } from '../inventory/takeover-own.ts';
import { pxeTakeover } from '../pxe/takeover.ts';

export const takeoverParts: readonly TakeoverPart[] = [inventoryTakeover, pxeTakeover];
