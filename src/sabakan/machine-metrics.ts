/** The series of machines: eight each, so that a large fleet's page is written with pauses. */

import { formatIpv4 } from '../base/addresses.ts';
import { instantOf } from '../base/time.ts';
import { type Machine, machineStates } from '../inventory/machine.ts';
import { formatLabels, headOf } from './metric-text.ts';

/** About 2 ms of work; 10,000 machines at a stroke would hold up DHCP for 200 ms. */
const machinesAtOnce = 500;

const statusName = 'sabakan_machine_status';
const statusHead = headOf(statusName, 'The machine status set by HTTP API.', 'gauge');
const sinceName = 'tetsukan_machine_state_timestamp_seconds';
const sinceHead = headOf(sinceName, 'When the machine came into its state (Unix time).', 'gauge');

/** Sabakan's family and ours, nothing where there is no machine. Labels in the order of Prometheus' own library. */
export async function machineMetrics(
  machines: readonly Machine[],
  pause: () => Promise<void>,
): Promise<string> {
  if (machines.length === 0) return '';
  const status: string[] = [statusHead];
  const since: string[] = [sinceHead];
  for (let at = 0; at < machines.length; at += machinesAtOnce) {
    if (at > 0) await pause();
    for (const machine of machines.slice(at, at + machinesAtOnce)) {
      status.push(statusLines(machine));
      since.push(sinceLine(machine));
    }
  }
  return status.join('') + since.join('');
}

/** Seven: 1 for the machine's state, 0 for the others. One without an address has an empty label. */
function statusLines({ spec, status }: Machine): string {
  const [first] = spec.ipv4;
  const labels = formatLabels({
    address: first === undefined ? '' : formatIpv4(first),
    machine_type: spec.labels.get('machine-type') ?? '',
    rack: String(spec.rack),
    role: spec.role,
    serial: spec.serial,
  });
  const open = `${statusName}${labels.slice(0, -1)},status="`;
  let lines = '';
  for (const state of machineStates) lines += `${open}${state}"} ${+(state === status.state)}\n`;
  return lines;
}

function sinceLine({ spec, status }: Machine): string {
  const labels = formatLabels({
    rack: String(spec.rack),
    role: spec.role,
    serial: spec.serial,
    status: status.state,
  });
  return `${sinceName}${labels} ${instantOf(status.since) / 1000}\n`;
}
