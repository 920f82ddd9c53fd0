/** The arguments of `tetsu channel` and `tetsu boot-rule`: what a channel points to, which machines a rule is about. */

import { type Command, InvalidArgumentError } from 'commander';
import { setPolicy } from '../commands/boot-policy.ts';
import { bootRuleNoun, channelNoun } from '../nouns/boot-policy.ts';
import type { Tools } from './tools.ts';

type Pairs = Readonly<Record<string, string>>;
type Options = {
  readonly image?: string;
  readonly kernelParams?: string;
  readonly template?: Pairs;
  readonly channel?: string;
  readonly serial?: readonly string[];
  readonly role?: string;
  readonly label?: Pairs;
  readonly unset?: readonly string[];
  readonly dryRun?: true;
};

export function addBootPolicyCommands(program: Command, tools: Tools): void {
  const channel = program
    .command('channel')
    .description('named pointers to an image, which boot rules follow');
  withPins(tools.client(channel.command('set <name>')), pinsOfChannel)
    .description('make a channel, or switch it: what is not given stays as it is')
    .action(async (name: string, options: Options, self: Command) => {
      const { unset = [], dryRun = false } = options;
      const told = await setPolicy(
        tools.senderOf(self),
        channelNoun,
        name,
        { pins: pinsOf(options), unset },
        dryRun,
      );
      tools.print(told);
    });
  const rule = program
    .command('boot-rule')
    .description('which machines boot with what, in place of the newest image');
  withPins(tools.client(rule.command('set <name>')), membersOfRule)
    .description('make or change a rule: machines for which all that is given holds')
    .option('--channel <name>', 'the channel they follow')
    .option('--serial <serials>', 'machines by name, separated by commas', commaList)
    .option('--role <role>', 'machines of this role')
    .option('--label <name=value>', 'machines with this label; may be repeated', pair)
    .action(async (name: string, options: Options, self: Command) => {
      const { unset = [], dryRun = false, channel, serial, role, label } = options;
      const match = {
        ...(serial === undefined ? {} : { serials: serial }),
        ...(role === undefined ? {} : { role }),
        ...(label === undefined ? {} : { labels: label }),
      };
      const pins = { ...pinsOf(options), ...(channel === undefined ? {} : { channel }) };
      const told = await setPolicy(
        tools.senderOf(self),
        bootRuleNoun,
        name,
        { pins, match, unset },
        dryRun,
      );
      tools.print(told);
    });
}

const pinsOfChannel = 'image, kernelParams, templates';
const membersOfRule = `${pinsOfChannel}, channel, serials, role, labels`;

function withPins(command: Command, members: string): Command {
  return command
    .option('--image <id>', 'the image they boot')
    .option('--kernel-params <text>', 'in place of the stored kernel parameters')
    .option('--template <role=version>', 'of a role’s Ignition template; may be repeated', pair)
    .option('--unset <members>', `members to take away, separated by commas: ${members}`, commaList)
    .option('--dry-run', 'have the server decide and answer, but change nothing');
}

function pinsOf({ image, kernelParams, template }: Options) {
  return {
    ...(image === undefined ? {} : { image }),
    ...(kernelParams === undefined ? {} : { kernelParams }),
    ...(template === undefined ? {} : { templates: template }),
  };
}

function commaList(text: string): readonly string[] {
  return text.split(',').filter((one) => one !== '');
}

function pair(text: string, before: Pairs | undefined): Pairs {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('it must be NAME=VALUE');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
