/** The tables of docs/configuration.md. */

import { type ConfigMember, configMembers } from './config-reference.ts';

/** `<!-- members: etcd -->` … `<!-- /members -->`: names of members, whose own and whose inner ones are listed. */
const places = /<!-- members: (.*?) -->.*?<!-- \/members -->/gs;
/** The members that are in no table of their own. */
const remaining = 'top';

/** The page with its tables made anew. */
export function withReference(page: string): string {
  const tables = [...page.matchAll(places)].map(([, names = '']) => names.split(' '));
  const listed = tables.flat();
  const members = configMembers();
  return page.replace(places, (_, names: string) => {
    const own = members.filter(({ path }) => {
      const home = listed.find((name) => path === name || path.startsWith(`${name}.`));
      return home === undefined ? names === remaining : names.split(' ').includes(home);
    });
    return `<!-- members: ${names} -->\n\n${table(own)}\n\n<!-- /members -->`;
  });
}

function table(members: readonly ConfigMember[]): string {
  const rows = members.map(({ path, holds, otherwise, isSabakans, meaning }) =>
    [`\`${path}\`${isSabakans ? ' *S*' : ''}`, holds, otherwise, meaning]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  const head = ['member | what it may be | default | meaning', '--- | --- | --- | ---'];
  return [...head, ...rows].map((row) => `| ${row} |`).join('\n');
}
