/** The boots of version 2. */

import { formatIpv4 } from '../../base/addresses.ts';
import { fail, ok } from '../../base/result.ts';
import { formatInstant } from '../../base/time.ts';
import type { Clock } from '../../base/world.ts';
import type { Boot, BootStep } from '../../pxe/boot.ts';
import type { BootBook } from '../../pxe/boot-book.ts';
import { type BootStepV2, type BootV2, bootReads } from '../contract/boot.ts';
import type { bootColumns } from '../contract/columns.ts';
import { whyNotRead } from '../whole-truth.ts';
import { type ApiPart, collectionPart } from './api-part.ts';
import type { Collection, Column } from './collection.ts';

export type BootPartDeps = {
  readonly clock: Clock;
  readonly pxe: { readonly boots: BootBook };
};

export function bootPart({ clock, pxe: { boots } }: BootPartDeps): ApiPart {
  return collectionPart(bootReads, bootCollection(boots), 'boot', clock);
}

function bootCollection(boots: BootBook): Collection<Boot> {
  const stateOf = (boot: Boot) => boots.diagnosisOf(boot);
  const columns: Readonly<Record<keyof typeof bootColumns, Omit<Column<Boot>, 'name'>>> = {
    id: { text: ({ id }) => id },
    serial: { text: ({ serial }) => serial },
    mac: { text: ({ mac }) => mac },
    state: { text: (boot) => stateOf(boot).state },
    firmware: { text: ({ firmware }) => firmware },
    began: { text: ({ beganAt }) => formatInstant(beganAt), number: ({ beganAt }) => beganAt },
    reached: { text: (boot) => stateOf(boot).reached },
    awaited: { text: (boot) => stateOf(boot).awaited?.step, path: 'awaited.step' },
    current: { text: ({ isOver }) => String(!isOver) },
  };
  const whole = <T>(value: () => T) => {
    const doubt = whyNotRead(boots, 'the copy of boots');
    return doubt === undefined ? ok(value()) : fail(doubt);
  };
  return {
    noun: 'boots',
    columns: Object.entries(columns).map(([name, column]) => ({ name, ...column })),
    ages: true,
    nameOf: ({ id }) => id,
    toJson: (boot) => bootJson(boots, boot),
    detail: (boot) => ({ ...bootJson(boots, boot), steps: boot.steps.map(stepJson(boot)) }),
    revisionOf: ({ revision }) => revision,
    snapshot: () =>
      whole(() => {
        // What waits to be told becomes part of the list first.
        const completeTo = boots.completeTo();
        return { changed: boots.changed(), completeTo, items: boots.boots() };
      }),
    find: (name) => whole(() => boots.find(name)),
    completeTo: boots.completeTo,
    subscribe: boots.subscribe,
  };
}

export function bootJson(boots: Pick<BootBook, 'diagnosisOf'>, boot: Boot): BootV2 {
  const { state, reached, awaited, cause, checks } = boots.diagnosisOf(boot);
  return {
    id: boot.id,
    revision: boot.revision,
    mac: boot.mac ?? null,
    serial: boot.serial ?? null,
    uuid: boot.uuid ?? null,
    state,
    firmware: boot.firmware,
    began: formatInstant(boot.beganAt),
    last: formatInstant(boot.lastAt),
    reached,
    awaited:
      awaited === undefined
        ? null
        : {
            step: awaited.step,
            since: formatInstant(awaited.since),
            deadline: formatInstant(awaited.deadline),
          },
    cause,
    checks: [...checks],
    current: !boot.isOver,
    inARow: boot.inARow,
    servers: [...new Set(boot.steps.map(({ server }) => server))].sort(),
  };
}

function stepJson({ beganAt }: Boot) {
  return ({ name, at, lastAt, times, result, server, text, facts }: BootStep): BootStepV2 => {
    const { address, relay, ...plain } = facts;
    const { bytes = 0, durationMs = 0 } = facts;
    return {
      step: name,
      at: formatInstant(at),
      last: formatInstant(lastAt),
      times,
      secondsIn: Math.round(at - beganAt) / 1000,
      result,
      server,
      text,
      ...plain,
      ...(address === undefined ? {} : { address: formatIpv4(address) }),
      ...(relay === undefined ? {} : { relay: formatIpv4(relay) }),
      ...(bytes === 0 || durationMs === 0
        ? {}
        : { bytesPerSecond: Math.round((bytes * 1000) / durationMs) }),
      ...(facts.durationMs === undefined ? {} : { durationMs: Math.round(durationMs) }),
    };
  };
}
