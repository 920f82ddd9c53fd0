/** Ignition templates of a database that is taken over: those that do not decode, and those that do not render. */

import { parseJson } from '../../base/exact-json.ts';
import { instant, type Rfc3339 } from '../../base/time.ts';
import { type IpamConfig, parseIpamConfig } from '../../inventory/ipam-config.ts';
import { type Machine, parseRole } from '../../inventory/machine.ts';
import { decodeMachine } from '../../inventory/machine-json.ts';
import type { Finding, Records } from '../../inventory/takeover.ts';
import {
  describeRenderProblem,
  exampleMachine,
  type IgnitionTemplate,
  renderIgnition,
} from './render.ts';
import { decodeTemplate } from './template-json.ts';
import { compareVersions, parseVersion, type Version } from './version.ts';

const prefix = 'ignitions/';
const machinesPrefix = 'machines/';
/** Any will do: what is looked for is whether a template renders at all. */
const trial = {
  advertiseUrl: 'http://127.0.0.1:10080',
  advertiseUrlHttps: 'https://127.0.0.1:10443',
  now: instant(0),
};
const trialDate = '1970-01-01T00:00:00Z' as Rfc3339;

export function checkTemplates(records: Records): readonly Finding[] {
  const findings: Finding[] = [];
  const machineOf = machinesByRole(records);
  const newest = newestByRole(records);
  for (const { key, value } of records.under(prefix)) {
    const [role = '', id = '', ...more] = key.slice(prefix.length).split('/');
    if (role === '' || id === '' || more.length > 0) continue;
    const template = decodeTemplate(value);
    if (!template.ok) {
      findings.push({
        key,
        weight: 'problem',
        what: template.error,
        does: 'boots no machine with it and leaves the record as it is',
        remedy: 'delete it and upload it anew',
      });
      continue;
    }
    findings.push(...nameFindings(key, role, id));
    const machine = machineOf(role);
    const why = machine === undefined ? undefined : whyNotRendered(template.value, machine);
    if (why === undefined) continue;
    const boots = newest.get(role) === key;
    findings.push({
      key,
      weight: boots ? 'problem' : 'notice',
      what: `does not render for ${machine?.spec.role === '' ? 'an example machine' : `machine ${machine?.spec.serial}`}: ${why}`,
      does: boots ? 'cannot boot machines of this role' : 'nothing, while a newer one is there',
      remedy: 'upload a corrected template under a new version, or delete this one',
    });
  }
  return findings;
}

function nameFindings(key: string, role: string, id: string): readonly Finding[] {
  const mistakes: string[] = [];
  if (!parseRole(role).ok) mistakes.push(`${JSON.stringify(role)} is no role`);
  if (parseVersion(id) === undefined) mistakes.push(`${JSON.stringify(id)} is no version`);
  return mistakes.map((what) => ({
    key,
    weight: 'notice',
    what,
    does: 'never boots a machine with it while there is another one',
    remedy: 'delete it',
  }));
}

function whyNotRendered(template: IgnitionTemplate, machine: Machine): string | undefined {
  const rendered = renderIgnition(template, machine, trial);
  return rendered.ok ? undefined : describeRenderProblem(rendered.error);
}

/** The first machine of a role, or the one that templates are tried with; undefined without an IPAM configuration. */
function machinesByRole(records: Records): (role: string) => Machine | undefined {
  const byRole = new Map<string, Machine>();
  const roles = new Set(records.under(prefix).map(({ key }) => key.split('/')[1]));
  for (const { key, value } of records.under(machinesPrefix)) {
    if (byRole.size >= roles.size) break;
    const machine = decodeMachine(value, key.slice(machinesPrefix.length));
    if (!machine.ok || !roles.has(machine.value.spec.role)) continue;
    if (!byRole.has(machine.value.spec.role)) byRole.set(machine.value.spec.role, machine.value);
  }
  const config = ipamOf(records);
  const example = config === undefined ? undefined : exampleMachine(config, trialDate);
  return (role) => byRole.get(role) ?? example;
}

function ipamOf(records: Records): IpamConfig | undefined {
  const entry = records.get('ipam');
  const config = entry === undefined ? undefined : parseIpamConfig(parseJson(entry.value));
  return config?.ok ? config.value : undefined;
}

/** By role the key of the template its machines boot with. */
function newestByRole(records: Records): ReadonlyMap<string, string> {
  const newest = new Map<string, { readonly key: string; readonly version: Version }>();
  for (const { key } of records.under(prefix)) {
    const [, role = '', id = ''] = key.split('/');
    const version = parseVersion(id);
    const before = newest.get(role);
    if (version === undefined) continue;
    if (before === undefined || compareVersions(version, before.version) >= 0) {
      newest.set(role, { key, version });
    }
  }
  return new Map([...newest].map(([role, { key }]) => [role, key]));
}
