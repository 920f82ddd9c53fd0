/** What people can copy from the help of a command, where its own definition says nothing of the kind. */

import type { Command } from 'commander';
import { leafCommands } from './leaf-commands.ts';
import { type CliNoun, oneOf } from './nouns/noun.ts';
import { nouns } from './nouns.ts';

/** By the words after `tetsu`. */
const byPath: Readonly<Record<string, readonly string[]>> = {
  server: ['server --config /etc/tetsukan/tetsu.yml'],
  migrate: ['migrate --check --config /etc/tetsukan/tetsu.yml'],
  register: ['register machines.csv --dry-run', 'register machines.csv rack7.yaml'],
  apply: ['apply -f network.yml', 'apply --yes -f fleet.yaml'],
  diff: ['diff -f fleet.yaml'],
  'ignition preview': ['ignition preview ABC123', 'ignition preview ABC123 -f worker.yml'],
  'ignition get': ['ignition get worker', 'ignition get worker 1.0.0'],
  'ignition set': ['ignition set worker 1.0.0 -f worker.yml'],
  'ignition delete': ['ignition delete worker 1.0.0'],
  'explain machine': ['explain machine ABC123'],
  'explain boot': [
    'explain boot ABC123',
    'explain boot 52:54:00:12:34:56 --firmware uefi',
    'explain boot ABC123 -o json',
  ],
  'explain lease': ['explain lease 10.69.0.35'],
  'explain config': ['explain config', 'explain config dhcp.interfaces'],
  'channel set': [
    'channel set stable --image 4081.2.0',
    'channel set canary --image 4152.0.0 --template worker=1.1.0',
    'channel set canary --unset templates',
  ],
  'boot-rule set': [
    'boot-rule set all --channel stable',
    'boot-rule set canaries --label canary=yes --channel canary',
    'boot-rule set slow --serial ABC123,ABC124 --kernel-params console=ttyS1',
  ],
  'edit machine': ['edit machine ABC123'],
  'edit config': ['edit config dhcp'],
  'context list': ['context list'],
  'context use': ['context use lab'],
  'context set': ['context set lab --server http://10.69.0.3:10080 --token-file ~/lab.token'],
  'context delete': ['context delete lab'],
  plan: ['plan', 'plan -o json'],
  status: ['status', 'status -o json'],
  doctor: ['doctor', 'doctor --config /etc/tetsukan/tetsu.yml'],
  capture: ['capture ABC123 -o boot.pcapng', 'capture 52:54:00:12:34:56 -o - | tshark -r -'],
  'token list': ['token list', 'token list -o json'],
  'token revoke': ['token revoke qqiruun2'],
  'brake on': ["brake on --reason 'nodes vanish, ticket 4711' --for 2h"],
  'brake off': ['brake off'],
  'brake lift': ["brake lift health-rack-3-silent --reason 'rack 3 is being moved' --for 1h"],
  reject: [
    "reject LAB-1 --reason 'it belongs to the laboratory'",
    "reject 52:54:00:12:34:56 --reason 'nobody knows it' --dry-run",
  ],
  'upload image': ['upload image coreos 4152.0.0 kernel initrd.gz'],
  'upload asset': ['upload asset motd motd'],
  events: ['events --since 1h', 'events --machine ABC123', 'events -f'],
};

/** A name such as each has; of those without one nobody types it. */
const names: Readonly<Record<string, string>> = {
  machines: 'ABC123',
  racks: '3',
  leases: '10.69.0.37',
  boots: 'ABC123',
  subnets: 'node-3-0',
  networks: 'racks',
  config: 'ipam',
  images: 'coreos/4152.0.0',
  assets: 'motd',
  templates: 'worker/1.0.0',
  brakes: 'manual',
  discoveries: 'ABC124',
  'discovery-rules': 'dell',
  plans: '7',
  'kernel-params': 'coreos',
  channels: 'stable',
  'boot-rules': 'canaries',
  tokens: 'qqiruun2',
  operations: '0198f2c0',
};

export function addExamples(program: Command): void {
  for (const { command } of leafCommands(program)) {
    const examples = examplesOf(command);
    if (examples.length === 0) continue;
    const lines = examples.map((example) => `  tetsu ${example}`);
    command.addHelpText('after', ['', 'Examples:', ...lines].join('\n'));
  }
}

function examplesOf(command: Command): readonly string[] {
  const verb = command.parent?.name() ?? '';
  const path = verb === 'tetsu' ? command.name() : `${verb} ${command.name()}`;
  const noun = nouns.find((one) => one.names.includes(command.name()));
  return byPath[path] ?? (noun === undefined ? [] : ofNoun(verb, noun));
}

function ofNoun(verb: string, noun: CliNoun): readonly string[] {
  const [plural = ''] = noun.names;
  const one = oneOf(noun);
  const name = names[plural] ?? '';
  const [column, value] = firstChoice(noun);
  const chosen = column === undefined ? [] : [`--${column} ${value}`];
  switch (verb) {
    case 'get':
      return [plural, ...chosen.map((flag) => `${plural} ${flag}`), `${one} ${name} -o json`].map(
        (words) => `get ${words}`,
      );
    case 'watch':
      return [`watch ${plural}`];
    case 'wait':
      return [
        `wait ${one} ${name} --for ${column === undefined ? 'delete' : `${column}=${value}`}`,
      ];
    case 'describe':
      return [`describe ${one} ${name}`];
    case 'delete':
      return [`delete ${one} ${name} --dry-run`];
    default:
      return [];
  }
}

/** What it is selected by, as `--state stuck`. */
function firstChoice(noun: CliNoun): readonly [string, string] | readonly [] {
  const found = Object.entries(noun.values).find(
    ([column, { choices = [] }]) => column in noun.selectable && choices.length > 2,
  );
  const [column, { choices = [] }] = found ?? ['', {}];
  const value = choices[1];
  return value === undefined ? [] : [column, value];
}
