/**
 * Which program a machine loads next, from what its DHCP request says of itself.
 *
 * The order is what real firmware needs: an iPXE that was loaded by UEFI HTTP boot asks as a PXE client of the same
 * architecture again, so its user class is looked at before anything else; otherwise it would load itself for ever.
 */

/** What the request says (RFC 4578, RFC 3004, UEFI 2.10 section 24.7), options already checked for length. */
export type BootClient = {
  /** Option 60. */
  readonly vendorClass: string | undefined;
  /** Option 77, each reading of it. */
  readonly userClasses: readonly string[];
  /** Option 93, in the client's order. */
  readonly architectures: readonly number[];
  /** Option 175 is there: only iPXE sends it. */
  readonly hasIpxeOptions: boolean;
  /** It is an iPXE that lists what it was built with, and HTTP is not among it. */
  readonly lacksHttp?: boolean;
};

export type BootTarget =
  /** iPXE, which runs a script from this URL. */
  | { readonly kind: 'ipxe-script'; readonly url: string }
  /** UEFI HTTP boot. Without option 60 `HTTPClient` in the answer, EDK2 ignores it. */
  | { readonly kind: 'http-loader'; readonly architecture: number; readonly url: string }
  /** PXE: a name relative to the TFTP root of the server itself. */
  | { readonly kind: 'tftp-loader'; readonly architecture: number; readonly file: string }
  /** A boot client we have no loader for: never a wrong one. */
  | { readonly kind: 'no-loader'; readonly text: string }
  /** Not a boot client: the operating system asks. */
  | { readonly kind: 'none' };

/** File names by architecture number; what is named here is served, by TFTP to PXE and by HTTP to HTTP boot. */
export type LoaderNames = Readonly<Partial<Record<number, string>>>;

/** How a kind of firmware fetches its loader. */
export type LoaderTransport = 'tftp' | 'http';

export type FirmwareKind = {
  /** IANA "Processor Architecture Types", in option 93. */
  readonly architecture: number;
  readonly name: string;
  readonly transport: LoaderTransport;
  /** Served unless the configuration names another; undefined: none, such machines get a lease and no boot file. */
  readonly loader: string | undefined;
};

/** A new kind of firmware is one row here. */
export const firmwareKinds: readonly FirmwareKind[] = [
  { architecture: 0, name: 'x86 BIOS', transport: 'tftp', loader: 'undionly.kpxe' },
  { architecture: 6, name: 'x86 UEFI', transport: 'tftp', loader: undefined },
  { architecture: 7, name: 'x64 UEFI', transport: 'tftp', loader: 'snponly.efi' },
  // RFC 4578 and practice have 7 and 9 the other way round.
  { architecture: 9, name: 'x64 UEFI', transport: 'tftp', loader: 'snponly.efi' },
  { architecture: 11, name: 'arm64 UEFI', transport: 'tftp', loader: undefined },
  // Sabakan 3.1.9 answers 15 like 16; some x64 firmware says 15.
  { architecture: 15, name: 'x86 UEFI HTTP', transport: 'http', loader: 'ipxe.efi' },
  { architecture: 16, name: 'x64 UEFI HTTP', transport: 'http', loader: 'ipxe.efi' },
  { architecture: 19, name: 'arm64 UEFI HTTP', transport: 'http', loader: undefined },
  { architecture: 27, name: 'riscv64 UEFI', transport: 'tftp', loader: undefined },
  { architecture: 28, name: 'riscv64 UEFI HTTP', transport: 'http', loader: undefined },
  { architecture: 39, name: 'loongarch64 UEFI', transport: 'tftp', loader: undefined },
  { architecture: 40, name: 'loongarch64 UEFI HTTP', transport: 'http', loader: undefined },
];

const kindsByArchitecture: ReadonlyMap<number, FirmwareKind> = new Map(
  firmwareKinds.map((kind) => [kind.architecture, kind]),
);

export const defaultLoaders: LoaderNames = Object.fromEntries(
  firmwareKinds.flatMap(({ architecture, loader }) =>
    loader === undefined ? [] : [[architecture, loader]],
  ),
);

const ipxeClass = 'iPXE';
const bootPath = '/api/v1/boot';

/**
 * @param advertiseUrl `http://host:port` of this server; a path in it is replaced. Never taken from a request's Host
 *   header: UEFI leaves the port out of it.
 * @param httpBootUrl the same for firmware's own HTTP boot, which may be https where the firmware trusts our authority;
 *   nothing in its request says whether it does. iPXE's script stays at `advertiseUrl`: Debian's builds have no TLS.
 */
export function bootTargetOf(
  client: BootClient,
  advertiseUrl: string,
  loaders: LoaderNames = defaultLoaders,
  httpBootUrl: string = advertiseUrl,
): BootTarget {
  const isIpxe = client.hasIpxeOptions || client.userClasses.includes(ipxeClass);
  if (isIpxe && client.lacksHttp !== true) {
    return { kind: 'ipxe-script', url: urlOf(advertiseUrl, `${bootPath}/coreos/ipxe`) };
  }
  const vendorClass = client.vendorClass ?? '';
  const overHttp = vendorClass.startsWith('HTTPClient') && !isIpxe;
  if (!overHttp && !vendorClass.startsWith('PXEClient')) return { kind: 'none' };

  const offered = architecturesOf(client, vendorClass);
  const architecture = architectureFor(offered, overHttp ? 'http' : 'tftp', loaders);
  const file = architecture === undefined ? undefined : loaders[architecture];
  if (architecture === undefined || file === undefined) {
    return { kind: 'no-loader', text: whyNoLoader(offered) };
  }
  return overHttp
    ? { kind: 'http-loader', architecture, url: urlOf(httpBootUrl, `${bootPath}/${file}`) }
    : { kind: 'tftp-loader', architecture, file };
}

/** The first with a loader that is made for this transport; else, since firmware mixes them up, for the other one. */
function architectureFor(
  offered: readonly number[],
  transport: LoaderTransport,
  loaders: LoaderNames,
): number | undefined {
  const loadable = offered.filter((number) => loaders[number] !== undefined);
  return (
    loadable.find((number) => kindsByArchitecture.get(number)?.transport === transport) ??
    loadable[0]
  );
}

/** The boot file as DHCP names it, if any. */
export function bootFileOf(target: BootTarget): string | undefined {
  switch (target.kind) {
    case 'ipxe-script':
    case 'http-loader':
      return target.url;
    case 'tftp-loader':
      return target.file;
    case 'no-loader':
    case 'none':
      return undefined;
  }
}

function architecturesOf(client: BootClient, vendorClass: string): readonly number[] {
  if (client.architectures.length > 0) return client.architectures;
  const stated = /:Arch:(\d{5})(?::|$)/.exec(vendorClass)?.[1];
  return stated === undefined ? [] : [Number(stated)];
}

function whyNoLoader(offered: readonly number[]): string {
  if (offered.length === 0) return 'the boot client names no architecture (options 93 and 60)';
  const [first = 0] = offered;
  const name = kindsByArchitecture.get(first)?.name;
  return name === undefined
    ? `architecture ${first} is unknown`
    : `there is no loader for architecture ${first} (${name})`;
}

function urlOf(advertiseUrl: string, path: string): string {
  return new URL(path, advertiseUrl).href;
}
