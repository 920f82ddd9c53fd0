/** Network boot as a whole: what it is made of, how it starts and stops, and how it stands. */

import type { AddressProber } from '../base/address-probe.ts';
import type { Ipv4, MacAddress } from '../base/addresses.ts';
import { assert } from '../base/assert.ts';
import { createFence } from '../base/fence.ts';
import type { Result } from '../base/result.ts';
import type { StoreProblem } from '../base/store.ts';
import type { Transact } from '../base/transact.ts';
import type { World } from '../base/world.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { keys } from '../inventory/keys.ts';
import { bootRole, type Machine, type Serial } from '../inventory/machine.ts';
import type { AdmissionPolicy } from './admission/admission.ts';
import { createGate } from './admission/gate.ts';
import { assetKeys } from './assets/asset.ts';
import { createAssetCatalog } from './assets/catalog.ts';
import { type AssetSettings, defaultAssetSettings } from './assets/intake.ts';
import type { AssetShelf } from './assets/shelf.ts';
import { type BootBook, createBootBook } from './boot-book.ts';
import { type BootExplainer, createBootExplainer, serialOfMac } from './boot-explainer.ts';
import { bootOffer, ignitionSource, urlsOf } from './boot-offer.ts';
import { type BootPortProblem, type BootPortSettings, createBootPorts } from './boot-ports.ts';
import { defaultLoaders } from './boot-target.ts';
import { type BootChoice, chooseBoot } from './choice/choose.ts';
import { createPolicyDesk, type PolicyDesk } from './choice/desk.ts';
import {
  type AssetDesk,
  assetDesk,
  type ImageDesk,
  imageDesk,
  type TemplateDesk,
  templateDesk,
} from './desks.ts';
import { createDiscoveries, type Discoveries } from './discoveries.ts';
import { createDiscoveryHttp } from './discovery/http.ts';
import { type DiscoverySettings, defaultDiscoverySettings } from './discovery-settings.ts';
import { createFlightRecorder, type FlightRecorder } from './flight-recorder.ts';
import { type BootHttp, createBootHttp } from './http/boot-http.ts';
import { createTemplateShelf } from './ignition/shelf.ts';
import { createImageCatalog } from './images/catalog.ts';
import { defaultImageSettings, type ImageSettings } from './images/intake.ts';
import type { ImageShelf, StageProblem } from './images/shelf.ts';
import { decideBoot, type RetiredPolicy } from './ipxe/boot-decision.ts';
import { parseBaseUrl } from './ipxe/word.ts';
import { createKernelParams, type KernelParams } from './kernel-params.ts';
import { createLeaseBook, type LeaseBook } from './lease-book.ts';
import type { Loaders } from './loaders.ts';
import { createNetworks, type Networks } from './networks.ts';
import { type PxeStatus, statusOf } from './pxe-status.ts';
import { createSightings, type Sightings } from './sightings.ts';
import { createPullLoop, type PullLoop, type PullSettings } from './spread/pull-loop.ts';
import type { PeerDownload, Spreadable } from './spread/spreadable.ts';
import { createWho } from './who.ts';

export type PxeSettings = BootPortSettings & {
  /** Without a slash at the end. */
  readonly advertiseUrl: string;
  readonly advertiseUrlHttps: string;
  readonly images?: Partial<ImageSettings>;
  readonly assets?: Partial<AssetSettings>;
  readonly pulls?: PullSettings;
  /** Default: they boot like any other, as with Sabakan. */
  readonly retiredMachines?: RetiredPolicy;
  /** Machines that load kernel and initrd from this server at a time; the others are told their place. */
  readonly admission?: AdmissionPolicy;
  readonly discovery?: Partial<DiscoverySettings>;
};

export type PxeProblem = StoreProblem | StageProblem | BootPortProblem;

export type Pxe = {
  readonly start: () => Promise<Result<void, PxeProblem>>;
  readonly stop: () => Promise<void>;
  readonly bootHttp: BootHttp;
  readonly images: ImageDesk;
  readonly assets: AssetDesk;
  readonly kernelParams: KernelParams;
  readonly bootPolicy: PolicyDesk;
  /** What a machine boots with when it asks this server now, and why. */
  readonly choose: (machine: Machine) => BootChoice;
  readonly explainBoot: BootExplainer;
  /** What this server recorded of a machine's last boots. */
  readonly captureOf: FlightRecorder['captureOf'];
  readonly templates: TemplateDesk;
  readonly leases: LeaseBook;
  /** Serial number of the machine that has this card, as far as is known; `at`: the address it was lent last. */
  readonly serialOf: (mac: MacAddress, at: Ipv4) => string | undefined;
  /** Where this fleet may speak, and how. */
  readonly networks: Networks;
  /** Machines that nobody registered. */
  readonly discoveries: Discoveries;
  /** Everything this server sees of machines that boot. */
  readonly sightings: Sightings;
  /** Every boot of every machine, as all servers saw it. */
  readonly boots: BootBook;
  readonly status: () => PxeStatus;
  /** Keys of records that cannot be read, and why. */
  readonly broken: () => ReadonlyMap<string, string>;
};

/** Sixty-four at a time have 20 MB/s each on a link of 10 Gbit/s: iPXE loads no faster. */
export const defaultAdmission: AdmissionPolicy = { downloadsMax: 64 };

export function createPxe(deps: {
  readonly world: World;
  readonly transact: Transact;
  readonly inventory: Pick<
    Inventory,
    | 'find'
    | 'ipam'
    | 'dhcp'
    | 'ownerOf'
    | 'freshness'
    | 'broken'
    | 'register'
    | 'subscribe'
    | 'revisionOf'
  >;
  readonly shelf: ImageShelf;
  readonly assetShelf: AssetShelf;
  readonly loaders: Loaders;
  /** Absent: this server has only the images and assets that were uploaded to it. */
  readonly download?: PeerDownload;
  /** Goes before others when many boot; absent: none does but a rack's boot machine. */
  readonly isControlPlane?: (serial: Serial) => boolean;
  /** Absent: addresses are lent unasked. */
  readonly addressProber?: AddressProber;
  readonly settings: PxeSettings;
  readonly serverName: string;
  /** Whether some server judges health, and when a machine answered it last, as far as this one knows. */
  readonly health: Pick<Parameters<typeof createBootBook>[0], 'isProbed' | 'answeredAt'>;
}): Pxe {
  const { world, transact, inventory, shelf, loaders, settings, download } = deps;
  const { advertiseUrl } = settings;
  // It goes into scripts that machines follow.
  const isPlain = parseBaseUrl(advertiseUrl);
  assert(
    isPlain.ok && isPlain.value === advertiseUrl,
    `advertise-url ${advertiseUrl} is unchecked`,
  );
  const common = { store: world.store, transact, world };
  const templates = createTemplateShelf({ ...common, urls: settings });
  const kernelParams = createKernelParams(common);
  const bootPolicy = createPolicyDesk(common);
  const leases = createLeaseBook(common);
  const networks = createNetworks({ ...common, inventory });
  const fence = createFence(world.log, 'what watches network boot has a fault');
  const sightings = createSightings(fence);
  const who = createWho({
    lentTo: (address) => {
      const lease = leases.find(address);
      return lease !== undefined && lease.expiresAt > world.clock.now()
        ? (lease.mac as MacAddress | undefined)
        : undefined;
    },
    ownerOf: (address) => inventory.ownerOf(address)?.spec.serial,
  });
  sightings.subscribe((sighting) => {
    if (sighting.by !== 'dhcp' || sighting.message !== 'release') return;
    if (sighting.address !== undefined) leases.noteReleased(sighting.address, sighting.at);
  });
  sightings.subscribe(who.note);
  const boots = createBootBook({
    world,
    sightings,
    fence,
    serverName: deps.serverName,
    inventory,
    who,
    advertiseUrl,
    ...deps.health,
  });
  const recorder = createFlightRecorder(sightings, advertiseUrl, who);
  const catalog = createImageCatalog({
    ...common,
    shelf,
    advertiseUrl,
    settings: { ...defaultImageSettings, ...settings.images },
  });
  const assets = createAssetCatalog({
    ...common,
    shelf: deps.assetShelf,
    advertiseUrl,
    settings: { ...defaultAssetSettings, ...settings.assets },
  });
  const pulls = new Map<Spreadable['noun'], PullLoop>();
  if (download !== undefined) {
    const kinds: readonly Spreadable[] = [
      { noun: 'image', ...catalog },
      { noun: 'asset', ...assets },
    ];
    const pulling = { world, download, ownUrl: `${advertiseUrl}/`, settings: settings.pulls };
    for (const blobs of kinds) pulls.set(blobs.noun, createPullLoop({ ...pulling, blobs }));
  }
  const offer = bootOffer(catalog, kernelParams, templates);
  const ignitions = ignitionSource(templates, settings, world.clock);
  const choose = (machine: Machine) => chooseBoot(machine, bootPolicy.policy(), offer);
  const retired = settings.retiredMachines ?? 'boot';
  const gate = createGate({
    clock: world.clock,
    policy: settings.admission ?? defaultAdmission,
    precedenceOf: (machine) => {
      if (machine.spec.role === bootRole) return 'boot';
      return deps.isControlPlane?.(machine.spec.serial) === true ? 'control-plane' : 'none';
    },
  });
  sightings.subscribe(gate.note);
  const discoveries = createDiscoveries({
    ...common,
    fence,
    inventory,
    leases,
    networkOf: networks.of,
    twoPlaces: boots.twoPlaces,
    bootUrl: `${advertiseUrl}/api/v1/boot`,
    serverName: deps.serverName,
    settings: { ...defaultDiscoverySettings, ...settings.discovery },
  });
  sightings.subscribe(discoveries.note);
  const explainBoot = createBootExplainer({
    clock: world.clock,
    inventory,
    leases,
    networks,
    decide: (serial) =>
      decideBoot(serial, {
        find: (text) => inventory.find(text as Serial),
        choose,
        bootUrl: `${advertiseUrl}/api/v1/boot`,
        retired,
      }),
    render: (machine, { template }) =>
      template.value && ignitions.render(machine, template.value.id),
    images: {
      index: () => catalog.list().map(({ id }) => id),
      isHere: (id) => catalog.held(id) !== undefined,
      servers: catalog.holders,
    },
    retired,
    answers: () => ({
      dhcp: ports.dhcp() !== undefined,
      tftp: ports.tftp.listening().length > 0,
    }),
    loaderNames: { ...defaultLoaders, ...settings.dhcp?.loaders },
    hasLoader: (file) => loaders.get(file) !== undefined,
    foresee: (mac, place) => ports.dhcp()?.foresee(mac, place),
    advertiseUrl,
    who,
    cards: discoveries.cards,
    lastBoot: boots.find,
  });
  const bootHttp = createBootHttp({
    discovery: createDiscoveryHttp(discoveries),
    gate,
    find: inventory.find,
    revisionOf: inventory.revisionOf,
    choose,
    loaders,
    images: catalog,
    chance: world.chance,
    ignitions,
    advertiseUrl,
    retired,
    doubt: (serial) => {
      const broken = inventory.broken().get(keys.machine(serial));
      if (broken !== undefined) return `its record cannot be read: ${broken}`;
      const isLive = [inventory, templates].every((one) => one.freshness().kind === 'live');
      return isLive ? undefined : 'this server hears nothing from the store';
    },
    clock: world.clock,
    tell: sightings.tell,
  });
  const ports = createBootPorts({
    ...{ world, settings, advertiseUrl, inventory, networks, leases, loaders },
    ...{ tell: sightings.tell, prober: deps.addressProber, serverName: deps.serverName },
  });

  return {
    bootHttp,
    kernelParams,
    bootPolicy,
    choose,
    explainBoot,
    captureOf: recorder.captureOf,
    leases,
    serialOf: (mac, at) => serialOfMac({ who, networks, cards: discoveries.cards }, mac, at),
    networks,
    discoveries,
    sightings,
    boots,
    images: imageDesk(catalog, () => pulls.get('image')),
    assets: assetDesk(assets, { chance: world.chance, ownUrl: `${advertiseUrl}/` }, () =>
      pulls.get('asset'),
    ),
    templates: templateDesk(templates, () => ({ ...urlsOf(settings), now: world.clock.now() })),
    /** The stores first, so that the first machine that asks gets a true answer; the ports last, DHCP behind what it points to. */
    start: async () => {
      const mirrors = [
        templates,
        kernelParams,
        bootPolicy,
        catalog,
        assets,
        leases,
        networks,
        boots,
        discoveries,
      ];
      for (const part of mirrors) {
        const started = await part.start();
        if (!started.ok) return started;
      }
      for (const { start } of pulls.values()) start();
      return ports.start();
    },
    stop: async () => {
      ports.stop();
      await Promise.all([...pulls.values()].map(({ stop }) => stop()));
      await assets.stop();
      catalog.stop();
      kernelParams.stop();
      bootPolicy.stop();
      boots.stop();
      discoveries.stop();
      leases.stop();
      networks.stop();
      templates.stop();
    },
    status: () => ({
      ...statusOf(
        ports.dhcp(),
        networks,
        ports.tftp,
        ports.off(),
        loaders,
        catalog,
        assets,
        pulls,
        recorder.status(),
      ),
      admission: gate.status(),
    }),
    broken: () =>
      new Map([
        ...templates.broken(),
        ...bootPolicy.broken(),
        ...boots.broken(),
        ...catalog.broken(),
        ...networks.records.broken(),
        ...discoveries.broken(),
        ...leases.broken(),
        ...[...assets.broken()].map(([name, why]) => [assetKeys.record(name), why] as const),
      ]),
  };
}
