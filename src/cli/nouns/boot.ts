/** Boots, for people: what every machine did, and what it waits for. */

import type { BootStepV2, BootV2 } from '../../sabakan/contract/boot.ts';
import { bootColumns } from '../../sabakan/contract/columns.ts';
import { macNamed } from '../mac-name.ts';
import { formatTable } from '../table.ts';
import { among, type CliNoun, columnsOf, trueOrFalse } from './noun.ts';

const states: readonly BootV2['state'][] = ['running', 'stuck', 'up', 'healthy', 'failed'];

export const bootNoun: CliNoun = {
  names: ['boots', 'boot'],
  describes: 'boots of machines: each step from the first packet to healthy, and what is missing',
  nameOf: (object) => (object as BootV2).id,
  ownerColumn: (name) => {
    if (macNamed(name) !== undefined) return 'mac';
    return /-\d{9,}$/.test(name) ? undefined : 'serial';
  },
  isFormer: (object) => !(object as BootV2).current,
  page: (object) => timelineOf(object as BootV2),
  selectable: bootColumns,
  hasLabels: false,
  values: {
    current: trueOrFalse,
    state: among(states, 'states: '),
  },
  columns: columnsOf<BootV2>([
    ['BOOT', ({ id }) => id],
    ['SERIAL', ({ serial }) => serial ?? '-'],
    ['MAC', ({ mac }) => mac ?? '-', 'wide'],
    [
      'STATE',
      ({ state }) => state,
      'always',
      ({ state }) => state,
      ({ state }) =>
        state === 'healthy' || state === 'up'
          ? 'good'
          : state === 'stuck'
            ? 'bad'
            : state === 'failed'
              ? 'faint'
              : 'odd',
    ],
    ['REACHED', ({ reached }) => reached],
    ['AWAITED', ({ awaited }) => awaited?.step ?? '-'],
    ['BEGAN', ({ began }) => began],
    ['FIRMWARE', ({ firmware }) => firmware, 'wide'],
    ['CAUSE', ({ cause }) => cause],
  ]),
};

/** The steps with their times since the first packet, then what is missing and what to check. */
function timelineOf(boot: BootV2): string {
  const { serial, mac, uuid, steps = [], awaited } = boot;
  const head = [
    `boot ${boot.id} of ${serial ?? 'an unknown machine'}${mac === null ? '' : ` (${mac})`}`,
    `state:    ${boot.state}`,
    `firmware: ${boot.firmware}${uuid === null ? '' : `, UUID ${uuid}`}`,
    `began:    ${boot.began} (its first packet; times below count from it)`,
    '',
  ];
  const table = formatTable(
    [
      { title: 'SECONDS', cell: ({ secondsIn }) => secondsIn.toFixed(1).padStart(7) },
      { title: 'STEP', cell: ({ step }) => step },
      { title: 'RESULT', cell: (step) => step.result },
      { title: 'SERVER', cell: ({ server }) => server },
      { title: 'WHAT', cell: whatOf },
    ],
    steps,
  );
  const late =
    awaited === null ? [] : ['', `awaited:  ${awaited.step}, at the latest ${awaited.deadline}`];
  const cause = boot.cause === '' ? [] : [`cause:    ${boot.cause}`];
  const checks = boot.checks.map((check, at) => `${at === 0 ? 'check:   ' : '         '} ${check}`);
  return [...head, table.trimEnd(), ...late, ...cause, ...checks].join('\n');
}

const rateBytesMin = 64 * 1024;

function whatOf(step: BootStepV2): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const { bytes, totalBytes, durationMs, bytesPerSecond } = step;
  const part = totalBytes === undefined || totalBytes === bytes ? '' : ` of ${totalBytes}`;
  return [
    step.address,
    step.path,
    step.path === undefined ? step.bootFile : undefined,
    step.relay && `by relay ${step.relay}`,
    step.circuit && `port ${step.circuit}`,
    step.interface && `on ${step.interface}`,
    step.status === undefined || step.status < 300 ? undefined : `status ${step.status}`,
    bytes === undefined ? undefined : `${bytes}${part} bytes`,
    durationMs === undefined || bytes === undefined ? undefined : `in ${seconds(durationMs)}`,
    // Of a script it says nothing of the link.
    (bytes ?? 0) >= rateBytesMin && bytesPerSecond && `${Math.round(bytesPerSecond / 1000)} kB/s`,
    step.resentBlocks && `${step.resentBlocks} blocks sent again`,
    step.options,
    step.times > 1 ? `${step.times} times, until +${untilOf(step)}` : undefined,
    step.text,
  ]
    .filter((word) => word !== undefined && word !== '' && word !== 0 && word !== false)
    .join(' ');
}

function untilOf({ secondsIn, at, last }: BootStepV2): string {
  return `${(secondsIn + (Date.parse(last) - Date.parse(at)) / 1000).toFixed(1)} s`;
}
