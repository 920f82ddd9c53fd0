/** When one machine reached each stage of its boot, read from the server's own log. */

import type { BootMachine } from './machine.ts';
import type { BootServer } from './server.ts';

/** Stage and the text that the first log line of it contains, in order. */
function marksOf(
  machine: BootMachine,
): readonly (readonly [stage: string, marks: readonly string[]])[] {
  return [
    ['dhcp', [machine.mac]],
    ['ipxe', [machine.mac, '/boot/coreos/ipxe"']],
    ['script', ['"step":"script"', `"${machine.serial}"`]],
    ['ignition', ['"step":"ignition"', `"${machine.serial}"`]],
    ['healthy', [machine.serial, '"healthy"']],
  ];
}

/** `dhcp 3.8 ipxe 12.7 script 25.5 ignition 29.1 healthy 33.0`, seconds since power-on; `-` for a stage not seen. */
export async function stagesOf(server: BootServer, machine: BootMachine): Promise<string> {
  const lines = server.log().split('\n');
  const record = await server.describe(machine.serial);
  const healthyAt = /"state":\s*"healthy"/.test(record)
    ? Date.parse(/"(?:timestamp|since)":\s*"([^"]+)"/.exec(record)?.[1] ?? '')
    : Number.NaN;
  return marksOf(machine)
    .map(([stage, marks]) => {
      const line = lines.find((text) => marks.every((mark) => text.includes(mark)));
      const at = stage === 'healthy' ? healthyAt : timeOf(line);
      return `${stage} ${Number.isNaN(at) ? '-' : ((at - machine.poweredOnAt) / 1000).toFixed(1)}`;
    })
    .join('  ');
}

/** The server's own log lines about a machine, by its MAC, serial and leased addresses. */
export async function timelineOf(server: BootServer, machine: BootMachine): Promise<string> {
  const lines = server.log().split('\n');
  const addresses = lines
    .filter((line) => line.includes(machine.mac))
    .flatMap((line) => /"address":"([^"]+)"/.exec(line)?.[1] ?? []);
  const marks = [machine.mac, `"${machine.serial}"`, ...addresses.map((at) => `"${at}"`)];
  return lines
    .filter((line) => marks.some((mark) => line.includes(mark)))
    .slice(-timelineLinesMax)
    .join('\n');
}

const timelineLinesMax = 40;

function timeOf(line: string | undefined): number {
  return Date.parse(/"time":"([^"]+)"/.exec(line ?? '')?.[1] ?? '');
}
