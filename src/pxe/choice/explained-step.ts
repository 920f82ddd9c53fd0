/** One decision of a boot as it is explained: what it is, who decided it, and what is wrong with it. */

export type ExplainedStepName =
  | 'machine'
  | 'network'
  | 'lease'
  | 'loader'
  | 'image'
  | 'kernel-params'
  | 'template'
  | 'ignition';

export type ExplainedStep = {
  readonly step: ExplainedStepName;
  /** What programs look for: a serial, an address, a file, an id; undefined: there is none. */
  readonly value: string | undefined;
  readonly says: string;
  /** Who or what decided it. */
  readonly because: string | undefined;
  /** Undefined: nothing is wrong here. */
  readonly problem: { readonly text: string; readonly todo: string } | undefined;
};

/** A decision that lets the boot go on. */
export function fine(
  step: ExplainedStepName,
  value: string | undefined,
  says: string,
  because?: string,
): ExplainedStep {
  return { step, value, says, because, problem: undefined };
}

/** One that stands in its way. */
export function wrong(
  step: ExplainedStepName,
  text: string,
  todo: string,
  because?: string,
): ExplainedStep {
  return { step, value: undefined, says: text, because, problem: { text, todo } };
}
