/** How the tests speak with the server, and how they wait. */

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { type Lab, serverAddress } from './network.ts';

export type Outcome = { readonly ok: boolean; readonly text: string };

export const baseUrl = `http://${serverAddress}:10080`;

/** Runs the command in the server's namespace, as an operator there would. */
export async function runTetsu(lab: Lab, words: readonly string[]): Promise<Outcome> {
  const [program = '', ...prefix] = lab.onServer;
  const child = spawn(program, [...prefix, resolve('bin/tetsu'), ...words, '--server', baseUrl], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const code = await new Promise<number | null>((settled) => child.once('close', settled));
  return { ok: code === 0, text };
}

/** The server lives in its own namespace, so requests go through `curl` there. */
export async function curl(
  lab: Lab,
  method: string,
  path: string,
  body?: string | Uint8Array,
): Promise<{ status: number; text: string }> {
  const [program = '', ...prefix] = lab.onServer;
  const args = [
    'curl',
    '-sS',
    '-m',
    '300',
    '-X',
    method,
    '-w',
    '\n%{http_code}',
    `${baseUrl}${path}`,
  ];
  const upload =
    body === undefined ? [] : ['-H', 'Content-Type: application/json', '--data-binary', '@-'];
  const child = spawn(program, [...prefix, ...args, ...upload], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // A server that is gone or refuses does not read it all.
  child.stdin.on('error', () => {});
  child.stdin.end(body);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part;
  });
  await new Promise((settled) => child.once('close', settled));
  const cut = output.lastIndexOf('\n');
  return { status: Number(output.slice(cut + 1)), text: output.slice(0, Math.max(cut, 0)) };
}

/** Looks twice a second until `check` holds, or until `deadline` (milliseconds since 1970); then once more. */
export async function until(deadline: number, check: () => Promise<boolean>): Promise<boolean> {
  while (Date.now() < deadline) {
    if (await check()) return true;
    await new Promise((settled) => setTimeout(settled, 500));
  }
  return check();
}
