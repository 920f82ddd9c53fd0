/** The arguments of `tetsu approve`, `tetsu reject` and `tetsu discovery-rule`. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { counted, namesText } from '../commands/change-machines.ts';
import { decide, meantDiscoveries, type Verdict } from '../commands/discovery.ts';
import { exitCodes, Failure } from '../failure.ts';
import { mustAllBeDone } from '../many.ts';
import { withSelectors, withWriting } from './shared-options.ts';
import type { Tools } from './tools.ts';

type Writing = {
  readonly fieldSelector?: string;
  readonly dryRun?: true;
  readonly yes?: true;
};
type ApproveOptions = Writing & {
  readonly role?: string;
  readonly rack?: number;
  readonly label?: Readonly<Record<string, string>>;
  readonly bmcType?: string;
  readonly serial?: string;
  readonly adopt?: true;
};
type RuleOptions = {
  readonly order: number;
  readonly match: Readonly<Record<string, string>>;
  readonly role?: string;
  readonly rack?: number;
  readonly label?: Readonly<Record<string, string>>;
  readonly bmcType?: string;
  readonly reject?: string;
  readonly dryRun?: true;
};

const rackOption = () =>
  new Option('--rack <number>', 'default: the rack it is guessed to be in').argParser(whole);
const labelOption = () =>
  new Option('--label <key=value>', 'a label; may be given several times').argParser(pair);

export function addDiscoveryCommands(program: Command, tools: Tools): void {
  const approve = tools
    .client(program.command('approve [names...]'))
    .description('register machines that were discovered; those that wait go on by themselves')
    .option('--role <role>', 'what they are for, as in cs')
    .addOption(rackOption())
    .addOption(labelOption())
    .option('--bmc-type <type>', 'the type of their BMC; default: none')
    .option('--serial <serial>', 'in place of what its firmware says, where that is none')
    .option('--adopt', 'it is the registered machine of this serial, with another network card')
    .addHelpText(
      'after',
      `
Names are serial numbers, MAC addresses or ids.

Examples:
  tetsu approve ABC123 --role cs --rack 3
  tetsu approve 52:54:00:12:34:56 --role ss --label product=R650
  tetsu approve --field-selector state=waiting,rack=3 --role cs`,
    );
  withWriting(withSelectors(approve, false)).action(
    (names: readonly string[], options: ApproveOptions, command: Command) => {
      const { role, rack, label: labels, bmcType, serial, adopt } = options;
      const given = { role, rack, labels, bmcType, serial, adopt };
      const said = Object.entries(given).filter(([, value]) => value !== undefined);
      return run(names, options, { approve: Object.fromEntries(said) }, 'approved', command);
    },
  );

  const reject = tools
    .client(program.command('reject [names...]'))
    .description('turn machines away that were discovered; they may be approved later')
    .requiredOption('--reason <text>', 'their screens show it');
  withWriting(withSelectors(reject, false)).action(
    (names: readonly string[], options: Writing & { readonly reason: string }, command: Command) =>
      run(names, options, { reject: { reason: options.reason } }, 'rejected', command),
  );

  addRuleCommand(program, tools);

  async function run(
    names: readonly string[],
    { fieldSelector, dryRun: isDry, yes }: Writing,
    verdict: Verdict,
    done: 'approved' | 'rejected',
    command: Command,
  ): Promise<void> {
    const dryRun = isDry === true;
    const found = await meantDiscoveries(tools.getterOf(command), names, fieldSelector);
    const ids = found.map(({ id }) => id);
    if (ids.length === 0) {
      throw new Failure(
        'no discovery matches, so nothing was decided',
        'tetsu get discoveries with the same words shows what they select',
        exitCodes.notFound,
      );
    }
    if (ids.length > 1 && !dryRun) {
      const verb = done === 'approved' ? 'approve' : 'reject';
      const question = `${verb} ${counted(ids.length, 'machine')}: ${namesText(ids)}`;
      await tools.confirm(question, ids.length, yes);
    }
    const outcomes = await decide(tools.senderOf(command), ids, verdict, dryRun);
    for (const { name, result } of outcomes) {
      if (!result.ok) continue;
      const machine = result.value.serial === null ? '' : ` as ${result.value.serial}`;
      tools.print(`${name} ${dryRun ? 'would be ' : ''}${done}${machine}`);
    }
    mustAllBeDone(outcomes, 'machine', done);
  }
}

function addRuleCommand(program: Command, tools: Tools): void {
  const rule = program
    .command('discovery-rule')
    .description('have rules decide about discovered machines, in networks whose policy is rules');
  tools
    .client(rule.command('set <name>'))
    .description('set a rule, or put another one in its place')
    .addOption(
      new Option(
        '--match <what=pattern>',
        'serial, manufacturer, product, vendorClass, network (* and ?), macPrefix, rack',
      )
        .argParser(pair)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--order <number>', 'lower ones are asked first').argParser(whole).default(0),
    )
    .option('--role <role>', 'approve with this role')
    .addOption(rackOption())
    .addOption(labelOption())
    .option('--bmc-type <type>', 'the type of their BMC')
    .addOption(new Option('--reject <reason>', 'turn them away').conflicts('role'))
    .option('--dry-run', 'have the server decide and answer, but change nothing')
    .addHelpText(
      'after',
      `
The first rule that matches decides; what is in conflict is left to people.

Examples:
  tetsu discovery-rule set dell --order 10 --match manufacturer=Dell* --match rack=3 --role cs
  tetsu discovery-rule set lab --match serial=LAB-* --reject 'it belongs to the laboratory'`,
    )
    .action(async (name: string, options: RuleOptions, command: Command) => {
      const { order, role, rack, label: labels, bmcType, reject, dryRun } = options;
      if (role === undefined && reject === undefined) {
        throw new Failure('a rule needs --role or --reject', '', exitCodes.usage);
      }
      const { rack: rackText, ...texts } = options.match;
      const match = rackText === undefined ? texts : { ...texts, rack: whole(rackText) };
      const approve = Object.fromEntries(
        Object.entries({ role, rack, labels, bmcType }).filter(([, value]) => value !== undefined),
      );
      const verdict = reject === undefined ? { approve } : { reject: { reason: reject } };
      const send = tools.senderOf(command);
      const path = `/api/v2/discovery-rules/${encodeURIComponent(name)}`;
      const before = await send('GET', path);
      const terms = before.status === 404 ? {} : { ifMatch: before.etag ?? '*' };
      const query = dryRun === true ? '?dryRun=true' : '';
      await send('PUT', path + query, { order, match, ...verdict }, terms);
      tools.print(`${name} ${dryRun === true ? 'would be' : 'is'} set`);
    });
}

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value)) return value;
  throw new InvalidArgumentError('it must be a whole number');
}

function pair(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('it must be NAME=VALUE');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
