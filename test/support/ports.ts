/**
 * Ports for servers under test. They come from below the range out of which the system hands ports to outgoing
 * connections and to sockets that ask for any, so that nobody else is given one between the look and the bind. Other
 * test processes look there, too: a port is theirs or ours by an abstract socket of its number, which the system takes
 * back when its process ends.
 */

import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const host = '127.0.0.1';
const firstPort = 10_100;
const [ephemeralFirst = 32_768] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
  .trim()
  .split(/\s+/)
  .map(Number);
const triesMax = 1_000;
const given = new Set<number>();

/** Ports that are free for TCP and UDP on loopback just now; no test process is ever given one while another has it. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries > triesMax) throw new Error(`no ${count} free ports below ${ephemeralFirst}`);
    const port = firstPort + Math.floor(Math.random() * (ephemeralFirst - firstPort));
    if (given.has(port)) continue;
    given.add(port);
    if ((await isOurs(port)) && (await isTcpFree(port)) && (await isUdpFree(port))) {
      ports.push(port);
    }
  }
  return ports;
}

/** Kept until the process ends. */
function isOurs(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const mark = createServer();
    mark.once('error', () => resolve(false));
    mark.listen(`\0tetsukan-test-port-${port}`, () => resolve(true)).unref();
  });
}

function isTcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isUdpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}
