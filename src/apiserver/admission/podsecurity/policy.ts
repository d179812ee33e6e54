/** What a namespace's labels ask of its pods, and whether a pod fulfils it. */
import { invalid } from '../../../machinery/fieldpath.ts';
import type { FieldError } from '../../../machinery/status.ts';
import { baseline } from './baseline.ts';
import { restricted } from './restricted.ts';
import type { PodView } from './words.ts';

const modes = ['enforce', 'audit', 'warn'] as const;
type Mode = (typeof modes)[number];

export interface LevelVersion {
  readonly level: 'privileged' | 'baseline' | 'restricted';
  /** `latest` or `v1.N`. */
  readonly version: string;
}

export type Policy = Readonly<Record<Mode, LevelVersion>>;

export const labelPrefix = 'pod-security.kubernetes.io/';
const levels = ['privileged', 'baseline', 'restricted'] as const;
const latestMinor = 34;

const open: LevelVersion = { level: 'privileged', version: 'latest' };
const allOpen: Policy = { enforce: open, audit: open, warn: open };

const stricter = (a: LevelVersion, b: LevelVersion): boolean => levels.indexOf(a.level) > levels.indexOf(b.level);

/** What cannot be understood counts as the strictest where it is enforced, and is said. `warnToo`: who enforces without saying more is warned of no less. */
export function policyOf(labels: Readonly<Record<string, string>> | undefined, defaults: Policy = allOpen, warnToo = true): { readonly policy: Policy; readonly errors: readonly FieldError[] } {
  const policy: Record<Mode, LevelVersion> = { ...defaults };
  const errors: FieldError[] = [];
  let enforces = false;
  for (const mode of modes) {
    const level = labels?.[labelPrefix + mode];
    const version = labels?.[`${labelPrefix}${mode}-version`];
    if (level !== undefined) {
      const known = levels.find((l) => l === level);
      if (!known) errors.push(invalid(`metadata.labels[${labelPrefix}${mode}]`, level, `must be one of ${levels.join(', ')}`));
      policy[mode] = { ...policy[mode], level: known ?? (mode === 'enforce' ? 'restricted' : 'privileged') };
      if (mode === 'enforce') enforces = known !== undefined;
    }
    if (version !== undefined) {
      const known = version === 'latest' || /^v1\.(0|[1-9][0-9]*)$/.test(version);
      if (!known) errors.push(invalid(`metadata.labels[${labelPrefix}${mode}-version]`, version, 'must be "latest" or "v1.x"'));
      policy[mode] = { ...policy[mode], version: known ? version : 'latest' };
    }
  }
  if (warnToo && enforces && labels?.[`${labelPrefix}warn`] === undefined && stricter(policy.enforce, policy.warn)) {
    policy.warn = { level: policy.enforce.level, version: labels?.[`${labelPrefix}warn-version`] === undefined ? policy.enforce.version : policy.warn.version };
  }
  return { policy, errors };
}

export const isOpen = (policy: Policy): boolean => modes.every((mode) => policy[mode].level === 'privileged');

export const relaxes = (next: LevelVersion, old: LevelVersion): boolean => next.version === old.version && !stricter(next, old);

/** The modes that labels set to something, as a warning shows them. */
export function shownModes(policy: Policy, labels: Readonly<Record<string, string>> | undefined): string {
  const set = (mode: Mode): boolean => labels?.[labelPrefix + mode] !== undefined || labels?.[`${labelPrefix}${mode}-version`] !== undefined;
  return modes.filter((mode) => policy[mode].level !== 'privileged' && set(mode)).map((mode) => `${mode}=${policy[mode].level}:${policy[mode].version}`).join(', ');
}

/** `reason (detail), …`; undefined when the pod fits. */
export function violations(pod: PodView, { level, version }: LevelVersion): string | undefined {
  if (level === 'privileged') return undefined;
  const minor = version === 'latest' ? latestMinor : Math.min(Number(version.slice('v1.'.length)), latestMinor);
  const checks = level === 'baseline' ? baseline : [...baseline.filter((c) => !c.replaced), ...restricted];
  const found = checks.flatMap((check) => (minor >= check.since ? (check.find(pod, minor) ?? []) : []));
  return found.length > 0 ? found.map((f) => (f.detail ? `${f.reason} (${f.detail})` : f.reason)).join(', ') : undefined;
}

export const shown = ({ level, version }: LevelVersion): string => JSON.stringify(`${level}:${version}`);
