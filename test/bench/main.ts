/** `npm run bench -- [name …]`: each script prints a table with the target beside the figure. */

import { printTable, type Row } from './row.ts';

type Bench = { readonly run: () => readonly Row[] | Promise<readonly Row[]> };

const benches: Readonly<Record<string, readonly [title: string, load: () => Promise<Bench>]>> = {
  list: ['lists, start, memory', () => import('./list.ts')],
  cli: ['the command', () => import('./cli.ts')],
  watch: ['watches', () => import('./watch.ts')],
  register: ['registration', () => import('./register.ts')],
  dhcp: ['DHCP', () => import('./dhcp.ts')],
  tftp: ['TFTP', () => import('./tftp.ts')],
  http: ['image download', () => import('./http.ts')],
  storm: ['boot storm', () => import('./storm.ts')],
  reconcile: ['reconcile', () => import('./reconcile.ts')],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; known: ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}
for (const [name, [title, load]] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { run } = await load();
  printTable(title, await run());
}
