/** The flags of kube-apiserver about metrics and versions. */
import { load } from 'js-yaml';
import type { MetricsSettings } from '../../base/metrics.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { fileOf, listed } from './program.ts';

export const observationFlags: FlagSet = {
  'allow-metric-labels': { type: 'strings', help: 'metric,label=value,… : which values of a label are shown; others are "unexpected"' },
  'allow-metric-labels-manifest': { type: 'string', help: 'A file with such pairs' },
  'disabled-metrics': { type: 'strings', help: 'Names of metrics that are not shown' },
  'show-hidden-metrics-for-version': { type: 'string', help: 'Only 1.33; nothing is hidden here' },
  'emulated-version': { type: 'strings', help: 'Only kube=1.34' },
  'emulation-forward-compatible': { type: 'bool', help: 'Only with an older emulated version, which there is none of' },
  'runtime-config-emulation-forward-compatible': { type: 'bool', help: 'Only with an older emulated version, which there is none of' },
};

const minor = 34;
const oldest = 31;

export function metricsSettings(flags: Flags): MetricsSettings {
  const hidden = flags.text('show-hidden-metrics-for-version');
  if (hidden !== '' && hidden !== `1.${minor - 1}`) throw new CommandError(`--show-hidden-metrics-for-version must be omitted or have the value '1.${minor - 1}'. Only the previous minor version is allowed`);
  const manifest = fileOf(flags, 'allow-metric-labels-manifest');
  const pairs = flags.has('allow-metric-labels') ? flags.list('allow-metric-labels').flatMap(pairsIn) : manifest === undefined ? [] : Object.entries((load(manifest) ?? {}) as Record<string, string>);
  const labelValues = new Map<string, ReadonlySet<string>>();
  for (const [key, values] of pairs) {
    if (!/^(\*|[a-zA-Z_:][a-zA-Z0-9_:]*),[a-zA-Z_][a-zA-Z0-9_]*$/.test(key)) throw new CommandError('--allow-metric-labels must have a list of kv pair with format `metricName,labelName=labelValue, labelValue,...`');
    labelValues.set(key, new Set(String(values).split(',')));
  }
  return { disabled: listed(flags, 'disabled-metrics'), labelValues };
}

/** One pair as it stands, or several, each in double quotes. */
function pairsIn(text: string): [string, string][] {
  const quoted = [...text.matchAll(/"((?:[^"]|"")*)"/g)].map((match) => match[1]!.replaceAll('""', '"'));
  return (quoted.length > 0 ? quoted : [text]).map((pair) => {
    const at = pair.indexOf('=');
    if (at < 0) throw new CommandError(`invalid argument ${JSON.stringify(text)} for "--allow-metric-labels" flag: ${pair} must be formatted as key=value`);
    return [pair.slice(0, at), pair.slice(at + 1).replace(/^'(.*)'$/, '$1')];
  });
}

/** Others than this version cannot be emulated. */
export function checkVersions(flags: Flags): void {
  const seen = new Map<string, string>();
  for (const text of listed(flags, 'emulated-version')) {
    const parts = text.split('=');
    if (parts.length > 2) throw new CommandError('malformed pair, expect string=string');
    const [component, version] = parts.length === 2 ? (parts as [string, string]) : ['kube', text];
    const [, major, minorText, patch] = /^v?(\d+)\.(\d+)(\.\d+)?$/.exec(version.trim()) ?? [];
    if (major === undefined) throw new CommandError(`could not parse ${JSON.stringify(version)} as version`);
    if (patch !== undefined) throw new CommandError(`patch version not allowed, got: ${component}=${version}`);
    const before = seen.get(component);
    if (before !== undefined) throw new CommandError(`duplicate version flag, ${component}=${before} and ${component}=${version}`);
    seen.set(component, version);
    if (component !== 'kube') throw new CommandError(`component not registered: ${component}`);
    const asked = Number(minorText);
    if (major !== '1' || asked < oldest || asked > minor) throw new CommandError(`emulation version ${major}.${minorText} is not between [1.${oldest}, 1.${minor}.0]`);
    if (asked !== minor) throw new CommandError(`--emulated-version: ${text}: only 1.${minor} is served`);
  }
  if (flags.flag('emulation-forward-compatible')) throw new CommandError('ServerRunOptions.EmulationForwardCompatible cannot be set to true if the emulation version is the same as the binary version');
  if (flags.flag('runtime-config-emulation-forward-compatible')) throw new CommandError('ServerRunOptions.RuntimeConfigEmulationForwardCompatible cannot be set to true if the emulation version is the same as the binary version');
}
