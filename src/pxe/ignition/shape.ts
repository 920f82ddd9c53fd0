/** A configuration's structure as data: what a version of Ignition knows. */

export type Shape =
  | 'string'
  | 'int'
  | 'bool'
  | { readonly list: Shape }
  | { readonly members: readonly Member[] };

export type Member = {
  readonly name: string;
  readonly shape: Shape;
  /**
   * `always`: written even when empty. `omit`: left out when it is Go's zero value. `pointer`: written when it was
   * given at all, an empty value included. `required`: refused when it was not given.
   */
  readonly when: 'always' | 'omit' | 'pointer' | 'required';
  /** The text is a template; `source` texts may be data URLs whose content is the template. */
  readonly render?: 'text' | 'source';
};
