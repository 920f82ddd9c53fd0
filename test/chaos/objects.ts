/** Records in etcd and in answers → objects whose texts are equal when they mean the same. */

export type MachineObject = {
  readonly serial: string;
  readonly rack: number;
  readonly index: number;
  readonly role: string;
  readonly bmcType: string;
  readonly state: string;
  readonly retireDate: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly ipv4: readonly string[];
  readonly bmcIpv4: string;
};

export type ImagesObject = {
  readonly index: readonly string[];
  readonly deleted: readonly string[];
};

export const objectNames = {
  machine: (serial: string) => `machine ${serial}`,
  rack: (rack: number) => `rack ${rack}`,
  template: (role: string, id: string) => `template ${role} ${id}`,
  params: 'kernel parameters',
  dhcp: 'dhcp configuration',
  ipam: 'ipam configuration',
  images: 'image index',
  deletedImages: 'deleted images',
  key: (serial: string, path: string) => `key ${serial} ${path}`,
  asset: (name: string) => `asset ${name}`,
  imageContent: (id: string) => `content of image ${id}`,
} as const;

/** The object a key holds, as text that can be compared; undefined for keys that no client asked for. */
export function objectOf(
  key: string,
  value: string | undefined,
): { readonly name: string; readonly value: string | undefined } | undefined {
  const [part = '', first = '', second = '', third = ''] = key.split('/');
  const read = (parse: (text: string) => unknown) =>
    value === undefined ? undefined : JSON.stringify(parse(value));
  switch (part) {
    case 'machines':
      return {
        name: objectNames.machine(first),
        value: read((text) => machineObject(JSON.parse(text))),
      };
    case 'node-indices':
      return { name: objectNames.rack(Number(first)), value: read((text) => JSON.parse(text)) };
    case 'ignitions':
      return {
        name: objectNames.template(first, second),
        value: read((text) => JSON.parse(text).meta?.tag),
      };
    case 'kernel-params':
      return { name: objectNames.params, value: read((text) => text) };
    case 'dhcp':
      return { name: objectNames.dhcp, value: read((text) => JSON.parse(text)['lease-minutes']) };
    case 'ipam':
      return { name: objectNames.ipam, value: read(() => 'set') };
    case 'images':
      return second === 'deleted'
        ? { name: objectNames.deletedImages, value: read((text) => JSON.parse(text)) }
        : { name: objectNames.images, value: read(imageIds) };
    case 'crypts':
      return { name: objectNames.key(first, second), value: read((text) => text) };
    case 'assets':
      // `assets` alone is the id given last.
      return first === ''
        ? undefined
        : { name: objectNames.asset(first), value: read((text) => JSON.parse(text).sha256) };
    case 'tetsukan':
      return first !== 'images'
        ? undefined
        : {
            name: objectNames.imageContent(third),
            value: read((text) => JSON.parse(text).kernel),
          };
    default:
      return undefined;
  }
}

type Json = Readonly<Record<string, unknown>>;

/** A machine as stored or as published; what changes by itself (times, durations) is left out. */
export function machineObject(json: unknown): MachineObject {
  const { spec, status } = json as { readonly spec: Json; readonly status: Json };
  const bmc = spec['bmc'] as Json;
  return {
    serial: String(spec['serial']),
    rack: Number(spec['rack']),
    index: Number(spec['index-in-rack']),
    role: String(spec['role']),
    bmcType: String(bmc['type']),
    state: String(status['state']),
    retireDate: String(spec['retire-date']),
    labels: labelPairs((spec['labels'] ?? {}) as Readonly<Record<string, string>>),
    ipv4: spec['ipv4'] as readonly string[],
    bmcIpv4: String(bmc['ipv4']),
  };
}

export function labelPairs(
  labels: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}

function imageIds(text: string): readonly string[] {
  return ((JSON.parse(text) ?? []) as readonly { readonly id: string }[]).map(({ id }) => id);
}
