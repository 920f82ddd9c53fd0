/** Go's `fmt`: `Sprintf`, `Sprint` and `Sprintln` over template values. */

import type { Budget } from './budget.ts';
import { isSigned, isUnsigned } from './go-type.ts';
import { followed, type MaybeValue, ofString, type Value } from './go-value.ts';
import type { Spec } from './printf-numbers.ts';
import { formatOne } from './printf-verbs.ts';

/** Go's own bound of width and precision; beyond it they count as malformed. */
const widthMax = 1_000_000;

const plainSpec: Spec = {
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  plusV: false,
  sharpV: false,
  width: undefined,
  precision: undefined,
};

/** What an action prints. */
export function printed(value: MaybeValue, budget: Budget): string {
  const shown = value?.type.kind === 'pointer' ? followed(value).value : value;
  return shown === undefined ? '<no value>' : formatValue(shown, budget);
}

/** `%v` */
export function formatValue(value: MaybeValue, budget?: Budget): string {
  return formatOne(plainSpec, value, 'v', budget);
}

/** Operands side by side; a space between two neighbours when neither is text. */
export function sprint(args: readonly MaybeValue[], budget?: Budget): string {
  return args
    .map((value, at) => {
      const isGap = at > 0 && !isText(value) && !isText(args[at - 1]);
      return (isGap ? ' ' : '') + formatValue(value, budget);
    })
    .join('');
}

function isText(value: MaybeValue): boolean {
  return value?.type.kind === 'string';
}

export function sprintln(args: readonly MaybeValue[], budget?: Budget): string {
  return `${args.map((value) => formatValue(value, budget)).join(' ')}\n`;
}

export function sprintf(format: string, args: readonly MaybeValue[], budget?: Budget): string {
  const printer = new Printer(format, args, budget);
  return printer.print();
}

class Printer {
  readonly #format: string;
  readonly #args: readonly MaybeValue[];
  readonly #budget: Budget | undefined;
  #at = 0;
  #arg = 0;
  /** The next `]`, so that it is looked for once; -1: there is none. */
  #close = 0;
  #isReordered = false;
  #isGoodIndex = true;
  #afterIndex = false;

  constructor(format: string, args: readonly MaybeValue[], budget: Budget | undefined) {
    this.#format = format;
    this.#args = args;
    this.#budget = budget;
  }

  print(): string {
    let text = '';
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      const end = percent === -1 ? this.#format.length : percent;
      text += this.#format.slice(this.#at, end);
      this.#at = end;
      if (percent === -1) break;
      this.#at += 1;
      text += this.#directive();
    }
    if (!this.#isReordered && this.#arg < this.#args.length) text += this.#extra();
    return text;
  }

  #directive(): string {
    this.#isGoodIndex = true;
    this.#afterIndex = false;
    const flags = /[#0+\- ]*/y;
    flags.lastIndex = this.#at;
    const given = flags.exec(this.#format)?.[0] ?? '';
    this.#at += given.length;
    let minus = given.includes('-');
    let zero = given.includes('0');
    let marks = '';
    this.#index();
    let width: number | undefined;
    if (this.#peek() === '*') {
      this.#at += 1;
      const star = this.#starred();
      if (star === undefined) marks += '%!(BADWIDTH)';
      if (star !== undefined && star < 0) {
        minus = true;
        zero = false;
      }
      width = star === undefined ? undefined : Math.abs(star);
      this.#afterIndex = false;
    } else {
      width = this.#number();
      if (this.#afterIndex && width !== undefined) this.#isGoodIndex = false;
    }
    let precision: number | undefined;
    if (this.#peek() === '.') {
      this.#at += 1;
      if (this.#afterIndex) this.#isGoodIndex = false;
      this.#index();
      if (this.#peek() === '*') {
        this.#at += 1;
        const star = this.#starred();
        if (star === undefined || star < 0) marks += '%!(BADPREC)';
        else precision = star;
        this.#afterIndex = false;
      } else {
        precision = this.#number() ?? 0;
      }
    }
    if (!this.#afterIndex) this.#index();
    if (this.#at >= this.#format.length) return `${marks}%!(NOVERB)`;
    const verb = String.fromCodePoint(this.#format.codePointAt(this.#at) ?? 0);
    this.#at += verb.length;
    if (verb === '%') return `${marks}%`;
    if (!this.#isGoodIndex) return `${marks}%!${verb}(BADINDEX)`;
    if (this.#arg >= this.#args.length) return `${marks}%!${verb}(MISSING)`;
    const value = this.#args[this.#arg];
    this.#arg += 1;
    this.#budget?.characters((width ?? 0) + (precision ?? 0));
    const [plus, sharp] = [given.includes('+'), given.includes('#')];
    const isV = verb === 'v' || verb === 'w';
    const spec: Spec = {
      minus,
      zero,
      space: given.includes(' '),
      plus: plus && !isV,
      sharp: sharp && !isV,
      plusV: plus && isV,
      sharpV: sharp && isV,
      width,
      precision,
    };
    return marks + formatOne(spec, value, verb, this.#budget);
  }

  #peek(): string | undefined {
    return this.#format[this.#at];
  }

  /** Undefined when there are no digits, or far too many. */
  #number(): number | undefined {
    const digits = /[0-9]*/y;
    digits.lastIndex = this.#at;
    const text = digits.exec(this.#format)?.[0] ?? '';
    if (text === '') return undefined;
    if (Number(text.slice(0, -1)) > widthMax) {
      // Go gives up on the rest of the format. It looks before it takes one more digit.
      this.#at = this.#format.length;
      return undefined;
    }
    this.#at += text.length;
    return Number(text);
  }

  /** `[3]`: which argument comes next. */
  #index(): void {
    if (this.#peek() !== '[') return;
    this.#isReordered = true;
    this.#afterIndex = true;
    if (this.#close !== -1 && this.#close < this.#at) {
      this.#close = this.#format.indexOf(']', this.#at);
    }
    const close = this.#close;
    const inner = close === -1 ? undefined : this.#format.slice(this.#at + 1, close);
    const isNumber = inner !== undefined && /^[0-9]+$/.test(inner);
    const index = Number(inner) - 1;
    this.#at = close === -1 ? this.#at + 1 : close + 1;
    if (isNumber && index >= 0 && index < this.#args.length) this.#arg = index;
    else {
      this.#isGoodIndex = false;
      this.#afterIndex = isNumber;
    }
  }

  #starred(): number | undefined {
    const value = this.#args[this.#arg];
    if (this.#arg < this.#args.length) this.#arg += 1;
    const kind = value?.type.kind;
    if (kind === undefined || !(isSigned(kind) || isUnsigned(kind))) return undefined;
    const number = Number(value?.data);
    return Math.abs(number) > widthMax ? undefined : number;
  }

  #extra(): string {
    const rest = this.#args
      .slice(this.#arg)
      .map((value) =>
        value === undefined ? '<nil>' : `${value.type.name}=${formatValue(value, this.#budget)}`,
      );
    return `%!(EXTRA ${rest.join(', ')})`;
  }
}

/** What `html`, `js` and `urlquery` work on. */
export function joined(args: readonly MaybeValue[], budget: Budget): string {
  const [first] = args;
  if (args.length === 1 && first?.type.name === 'string') return first.data as string;
  const shown = args.map((value) => {
    if (value === undefined) return ofString('<no value>');
    return value.type.kind === 'pointer' ? (followed(value).value as Value) : value;
  });
  return sprint(shown, budget);
}
