/** What a file says of a machine, judged by the inventory's rules: every mistake, or a machine. */

import type { Result } from '../../base/result.ts';
import {
  isLabelName,
  isLabelValue,
  labelMap,
  labelsPerMachineMax,
  type NewMachine,
  parseBmcType,
  parseRetireDate,
  parseRole,
  parseSerial,
  rackMax,
} from '../machine.ts';
import { showValue } from '../mistake.ts';
import type { RosterMistake } from '../roster-spot.ts';
import type { RawField, RawMachine, RawName } from './raw.ts';

/** A machine as a file wants it. */
export type Wish = Omit<NewMachine, 'labels'> & {
  /** Null takes the label away; a label that is not named is left alone. */
  readonly labels: ReadonlyMap<string, string | null>;
};

const nameRule = '1 to 63 letters, digits, - _ . with a letter or digit at both ends';

/** Undefined when there are mistakes. */
export function wishOf(raw: RawMachine, mistakes: RosterMistake[]): Wish | undefined {
  const before = mistakes.length;
  const { fields, names } = raw;
  const missing = (name: RawName): undefined => {
    mistakes.push({ spot: fields[name]?.spot ?? raw.spot, text: `${names[name]} is missing` });
    return undefined;
  };
  const text = <T>(
    name: RawName,
    parse: (given: string) => Result<T, string>,
    right: (given: string, error: string) => string,
  ): T | undefined => {
    const field = fields[name];
    if (field === undefined) return name === 'retireDate' ? undefined : missing(name);
    const { given, spot } = field;
    if (given.kind === 'null') return name === 'retireDate' ? undefined : missing(name);
    if (given.kind !== 'text') {
      mistakes.push({ spot, text: `${names[name]} ${noText(field)}` });
      return undefined;
    }
    const parsed = parse(given.text);
    if (parsed.ok) return parsed.value;
    mistakes.push({ spot, text: right(given.text, parsed.error) });
    return undefined;
  };

  const serial = text('serial', parseSerial, (given, why) => `${why}: it is ${showValue(given)}`);
  if (serial !== undefined) checkSpreadsheetNumber(serial, raw, mistakes);
  const rack =
    fields.rack === undefined ? missing('rack') : rackOf(fields.rack, names.rack, mistakes);
  const role = text(
    'role',
    parseRole,
    (given) => `${names.role} must be ${nameRule}, not ${showValue(given)}`,
  );
  const bmcType = text('bmcType', parseBmcType, (given) => {
    return `${names.bmcType} must be letters, digits and - _ / . as in iDRAC-9, not ${showValue(given)}`;
  });
  const retireDate = text('retireDate', parseRetireDate, (given) => {
    return `${names.retireDate} must be a time as 2031-04-01T00:00:00Z, not ${showValue(given)}`;
  });
  const labels = labelsOf(raw, mistakes);
  if (mistakes.length > before) return undefined;
  if (serial === undefined || rack === undefined || role === undefined || bmcType === undefined) {
    return undefined;
  }
  const wish = { serial, rack, role, bmcType, labels };
  return retireDate === undefined ? wish : { ...wish, retireDate };
}

function rackOf(field: RawField, name: string, mistakes: RosterMistake[]): number | undefined {
  const { given, spot } = field;
  const refuse = (what: string): undefined => {
    mistakes.push({ spot, text: `${name} ${what}` });
    return undefined;
  };
  switch (given.kind) {
    case 'number': {
      const { source } = given;
      if (!/^(0|[1-9]\d*)$/.test(source)) {
        return refuse(
          `must be a whole number from 0, without leading zeros, not ${source.slice(0, 40)}`,
        );
      }
      const rack = Number(source);
      return rack > rackMax
        ? refuse(`must be at most ${rackMax}, not ${source.slice(0, 40)}`)
        : rack;
    }
    case 'text': {
      const isQuoted = /^\d+$/.test(given.text) ? ': leave the quotes out' : '';
      return refuse(`must be a whole number from 0, not ${showValue(given.text)}${isQuoted}`);
    }
    case 'null':
      return refuse('is missing');
    case 'other':
      return refuse(`must be a whole number from 0, not ${given.says}`);
  }
}

/** `1.23E+11` is what is left of a long serial in a column that is not formatted as text. */
function checkSpreadsheetNumber(serial: string, raw: RawMachine, mistakes: RosterMistake[]): void {
  const { fields } = raw;
  if (fields.serial?.spot.kind !== 'cell' || !/^\d([.,]\d+)?E\+\d+$/i.test(serial)) return;
  const text = `serial ${showValue(serial)} is what a spreadsheet makes of a long number: format the column as text`;
  mistakes.push({ spot: fields.serial.spot, text });
}

function labelsOf(raw: RawMachine, mistakes: RosterMistake[]): ReadonlyMap<string, string | null> {
  const labels: [string, string][] = [];
  const gone: [string, null][] = [];
  for (const [name, field, nameSpot] of raw.labels) {
    const { given, spot } = field;
    if (!isLabelName(name)) {
      mistakes.push({
        spot: nameSpot,
        text: `the label name ${showValue(name)} must be ${nameRule}`,
      });
    } else if (given.kind === 'null') {
      gone.push([name, null]);
    } else if (given.kind !== 'text') {
      mistakes.push({ spot, text: `label ${name} ${noText(field)}` });
    } else if (!isLabelValue(given.text)) {
      const text = `the value of label ${name} must be empty or ${nameRule}, not ${showValue(given.text)}`;
      mistakes.push({ spot, text });
    } else {
      labels.push([name, given.text]);
    }
  }
  if (labels.length > labelsPerMachineMax) {
    const text = `a machine has at most ${labelsPerMachineMax} labels, not ${labels.length}`;
    mistakes.push({ spot: raw.spot, text });
  }
  return new Map<string, string | null>([...labelMap(labels), ...gone]);
}

/** A number that stands where a text is due may have lost what made it a name: leading zeros, a last zero. */
function noText({ given }: RawField): string {
  if (given.kind === 'number') {
    const source = given.source.slice(0, 40);
    return `must be a text, and ${source} is a number here: put it in quotes, "${source}"`;
  }
  const says = given.kind === 'other' ? given.says : 'nothing';
  const hint = says.startsWith('the truth value') ? ': put it in quotes' : '';
  return `must be a text, not ${says}${hint}`;
}
