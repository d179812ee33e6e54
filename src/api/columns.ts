/** Cells that the tables of several kinds share. */
import { selectorFromObject, selectorFromSet, type LabelSelectorObject } from '../machinery/selectors.ts';

export const none = '<none>';
export const unset = '<unset>';

interface Named {
  readonly name: string;
  readonly image?: string;
}

export function containerNames(containers: readonly Named[] | undefined): string {
  return (containers ?? []).map((c) => c.name).join(',');
}

export function containerImages(containers: readonly Named[] | undefined): string {
  return (containers ?? []).map((c) => c.image ?? '').join(',');
}

/** Labels, sorted by key; `<none>` when there are none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  return selectorFromSet(labels).toString() || none;
}

export function selectorText(selector: LabelSelectorObject | undefined): string {
  return selectorFromObject(selector).toString() || none;
}

/** At most `limit` of them, and how many were left out. */
export function firstOf(list: readonly string[], limit: number, empty: string): string {
  const shown = list.slice(0, limit).join(',');
  return list.length > limit ? `${shown} + ${list.length - limit} more...` : shown || empty;
}

/** A label selector as Go prints the type. */
export function goSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelectorObject): string {
  const labels = Object.entries(matchLabels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}: ${value},`);
  const expressions = matchExpressions.map((e) => `LabelSelectorRequirement{Key:${e.key},Operator:${e.operator},Values:[${(e.values ?? []).join(' ')}],},`);
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}

export function booleanText(value: boolean | undefined): string {
  return value === undefined ? unset : value ? 'True' : 'False';
}

export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export function conditionIs(conditions: readonly { readonly type: string; readonly status: string }[] | undefined, type: string): boolean {
  return conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
}

/** RWO,ROX,RWX,RWOP */
export function accessModesText(modes: readonly string[] | undefined): string {
  const present = new Set(modes);
  const names: readonly (readonly [string, string])[] = [['ReadWriteOnce', 'RWO'], ['ReadOnlyMany', 'ROX'], ['ReadWriteMany', 'RWX'], ['ReadWriteOncePod', 'RWOP']];
  return names.filter(([mode]) => present.has(mode)).map(([, short]) => short).join(',');
}

export function ingressPoints(points: readonly { readonly ip?: string; readonly hostname?: string }[] | undefined): string[] {
  return [...new Set((points ?? []).map((p) => p.ip || p.hostname || '').filter((x) => x !== ''))].sort();
}
