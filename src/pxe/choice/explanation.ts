/**
 * Why a machine boots what it boots, or why it will not: every decision of a boot in its order, each with what it rests on,
 * what is wrong with it and what to do. Facts in, sentences out.
 */

import type { Result } from '../../base/result.ts';
import type { Instant } from '../../base/time.ts';
import type { Machine } from '../../inventory/machine.ts';
import type { BootDecision, RetiredPolicy } from '../ipxe/boot-decision.ts';
import { type ChosenBy, chosenByText } from './choose.ts';
import { type ExplainedStep, fine, wrong } from './explained-step.ts';
import { explainLoader, type LoaderFacts } from './loader-step.ts';
import {
  explainLease,
  explainNetwork,
  type LeaseFacts,
  type NetworkFacts,
} from './network-steps.ts';
import { matchText } from './precedence.ts';

export type BootExplanation = {
  /** As it was asked for. */
  readonly of: string;
  readonly serial: string | undefined;
  readonly mac: string | undefined;
  /** Nothing that is known now stands in the way. */
  readonly boots: boolean;
  readonly steps: readonly ExplainedStep[];
};

export type ExplainFacts = {
  readonly of: string;
  readonly serial: string | undefined;
  readonly mac: string | undefined;
  /** Of the serial number; undefined: none is known of this hardware address. */
  readonly decision: BootDecision | undefined;
  readonly retired: RetiredPolicy;
  readonly network: NetworkFacts;
  readonly lease: LeaseFacts;
  readonly loaders: readonly LoaderFacts[];
  readonly images: ImageFacts;
  /** What the chosen template gives for this machine; the error is the whole sentence. */
  readonly ignition: Result<string, string> | undefined;
  readonly now: Instant;
};

export type ImageFacts = {
  /** Oldest first, as the store has them. */
  readonly index: readonly string[];
  readonly isHere: (id: string) => boolean;
  readonly servers: (id: string) => readonly string[];
};

export function explainBoot(facts: ExplainFacts): BootExplanation {
  const steps = [
    explainMachine(facts),
    explainNetwork(facts.network),
    explainLease(
      facts.lease,
      facts.network.network?.mode,
      facts.network.address !== undefined,
      facts.now,
    ),
    ...facts.loaders.map(explainLoader),
    ...explainChoice(facts),
  ];
  return {
    of: facts.of,
    serial: facts.decision?.machine?.spec.serial ?? facts.serial,
    mac: facts.mac,
    // One kind of firmware without a loader stops only machines of that kind.
    boots:
      steps.every(({ step, problem }) => problem === undefined || step === 'loader') &&
      steps.some(({ step, problem }) => problem === undefined && step === 'loader'),
    steps,
  };
}

const newline = /\s*\n\s*/g;

function explainMachine({ decision, serial, mac, retired }: ExplainFacts): ExplainedStep {
  const { machine } = decision ?? {};
  if (machine !== undefined) {
    const { spec, status } = machine;
    const says = `${spec.serial} is registered: ${spec.role}, rack ${spec.rack}, ${status.state}`;
    if (status.state !== 'retired' || retired === 'boot') return fine('machine', spec.serial, says);
    const outcome = retired === 'exit' ? 'goes back to its firmware' : 'is refused';
    return wrong(
      'machine',
      `${spec.serial} is retired, so it ${outcome}`,
      'if it is to boot: delete it and register it anew',
      `the server's policy for retired machines, ${retired}`,
    );
  }
  if (serial !== undefined) {
    const text = `no machine with the serial ${serial} is registered; upper and lower case matter`;
    return wrong('machine', text, 'tetsu register FILE, or correct the serial');
  }
  return wrong(
    'machine',
    `nobody knows which machine ${mac ?? ''} is: it has not asked for its script lately`,
    'ask by serial; tetsu describe boot shows how far it came; if it was never registered: tetsu register FILE',
  );
}

function explainChoice({ decision, images, ignition }: ExplainFacts): readonly ExplainedStep[] {
  const { choice, machine, script } = decision ?? {};
  if (choice === undefined || machine === undefined || script === undefined) return [];
  const { image, kernelParams, template, rules, lostChannels } = choice;
  const by = (who: ChosenBy, otherwise: string) => {
    if (who.kind === 'default') return `${otherwise}; no boot rule says anything else`;
    const rule = rules.find(({ name }) => name === who.rule);
    return `${chosenByText(who)}, which means ${rule === undefined ? '' : matchText(rule.match)}`;
  };
  const lost = lostChannels.map(({ rule, channel }) =>
    wrong(
      'image',
      `the rule ${rule} follows the channel ${channel}, which is not there`,
      `tetsu channel set ${channel} --image ID, or tetsu delete boot-rule ${rule}`,
    ),
  );
  const { role } = machine.spec;
  const isUnsafe = !script.ok && script.error.kind === 'kernel-params-unsafe';
  return [
    ...lost,
    explainImage(image, images, by(image.by, 'the newest image on this server')),
    isUnsafe
      ? wrong('kernel-params', script.error.text, 'set them anew', by(kernelParams.by, 'as stored'))
      : fine(
          'kernel-params',
          kernelParams.value,
          kernelParams.value === '' ? 'no kernel parameters' : kernelParams.value,
          by(kernelParams.by, 'the stored kernel parameters'),
        ),
    template.value === undefined
      ? wrong(
          'template',
          script.ok ? `role ${role} has no template` : script.error.text,
          `tetsu ignition set ${role} VERSION -f FILE`,
          by(template.by, 'the highest version of the role'),
        )
      : fine(
          'template',
          `${role}/${template.value.id}`,
          `${role}/${template.value.id} (Ignition ${template.value.version})`,
          by(template.by, 'the highest version of the role'),
        ),
    ...(ignition === undefined ? [] : [explainIgnition(ignition, machine)]),
  ];
}

function explainImage(
  { value, pinned }: { readonly value: string | undefined; readonly pinned: string | undefined },
  { index, isHere, servers }: ImageFacts,
  because: string,
): ExplainedStep {
  if (value === undefined && pinned !== undefined) {
    const text = `image ${pinned} is on no server, and no other is booted in its place`;
    return wrong('image', text, `upload ${pinned} again, or pin another one`, because);
  }
  if (value === undefined) {
    const text = index.length === 0 ? 'there is no image' : 'no image is on this server yet';
    const todo =
      index.length === 0
        ? 'tetsu upload image coreos ID KERNEL INITRD'
        : 'tetsu get images says how far it is; GET /api/v2/status, boot, why not';
    return wrong('image', text, todo, because);
  }
  const others = servers(value);
  const places = [
    ...(isHere(value) ? ['this server'] : []),
    ...(others.length > 2 ? [`${others.length} others`] : others),
  ];
  const newest = index.at(-1);
  const late =
    pinned === undefined && newest !== undefined && newest !== value
      ? `; ${newest} is newer and not on this server yet`
      : '';
  return fine('image', value, `${value}, on ${places.join(' and ')}${late}`, because);
}

function explainIgnition(ignition: Result<string, string>, { spec }: Machine): ExplainedStep {
  if (ignition.ok) return fine('ignition', undefined, `renders: ${ignition.value.length} octets`);
  return wrong(
    'ignition',
    `does not render for ${spec.serial}: ${ignition.error.replace(newline, ' ')}`,
    `tetsu ignition preview ${spec.serial} shows it; upload a corrected version`,
  );
}
