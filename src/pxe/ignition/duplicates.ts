/** What Ignition refuses in a document because two entries are of one thing: the machine would not boot. */

export type Duplicate = { readonly member: string; readonly text: string };

/** Lists whose entries are told apart by one member; files, directories and links share one tree of paths. */
const keyed: readonly { readonly lists: readonly string[]; readonly key: string }[] = [
  { lists: ['storage.files', 'storage.directories', 'storage.links'], key: 'path' },
  { lists: ['storage.disks'], key: 'device' },
  { lists: ['storage.raid'], key: 'name' },
  { lists: ['storage.luks'], key: 'name' },
  { lists: ['systemd.units'], key: 'name' },
  { lists: ['passwd.users'], key: 'name' },
  { lists: ['passwd.groups'], key: 'name' },
];

/** The first one of a rendered document of version 3. */
export function duplicateIn(document: unknown): Duplicate | undefined {
  for (const { lists, key } of keyed) {
    const places = new Map<string, string>();
    for (const list of lists) {
      for (const [at, entry] of entriesOf(document, list).entries()) {
        const name = (Object(entry) as Readonly<Record<string, unknown>>)[key];
        if (typeof name !== 'string') continue;
        const place = `${list}[${at}]`;
        const before = places.get(name);
        const member = `${place}.${key}`;
        if (before !== undefined) {
          return { member, text: `is ${JSON.stringify(name.slice(0, 200))}, as in ${before}` };
        }
        places.set(name, place);
      }
    }
  }
  return undefined;
}

function entriesOf(document: unknown, list: string): readonly unknown[] {
  const found = list
    .split('.')
    .reduce<unknown>((value, name) => (Object(value) as Record<string, unknown>)[name], document);
  return Array.isArray(found) ? found : [];
}
