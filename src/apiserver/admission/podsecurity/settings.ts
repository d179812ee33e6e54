/** What --admission-control-config-file says of PodSecurity: what namespaces without labels get, and who is exempt. */
import { ConfigurationMistake, sectionOf, type AdmissionConfiguration } from '../configuration.ts';
import { labelPrefix, policyOf, type Policy } from './policy.ts';

export interface Settings {
  readonly defaults: Policy;
  readonly exempt: { readonly usernames: ReadonlySet<string>; readonly namespaces: ReadonlySet<string>; readonly runtimeClasses: ReadonlySet<string> };
  /** Namespaces without labels are open, and nobody is exempt. */
  readonly plain: boolean;
}

const apiVersions = ['pod-security.admission.config.k8s.io/v1', 'pod-security.admission.config.k8s.io/v1beta1', 'pod-security.admission.config.k8s.io/v1alpha1'];

export function settingsOf(all: AdmissionConfiguration): Settings {
  const section = sectionOf(all, 'PodSecurity', 'PodSecurityConfiguration', apiVersions);
  const defaults = (section?.['defaults'] ?? {}) as Readonly<Record<string, string>>;
  const labels = Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== '').map(([key, value]) => [labelPrefix + key, value]));
  const { policy, errors } = policyOf(labels, undefined, false);
  if (errors.length > 0) throw new ConfigurationMistake('PodSecurity', errors.map((e) => `defaults.${e.field.slice(`metadata.labels[${labelPrefix}`.length, -1)}: ${e.detail}`).join(', '));
  const exemptions = (section?.['exemptions'] ?? {}) as Readonly<Record<string, readonly string[] | undefined>>;
  const set = (name: string): ReadonlySet<string> => new Set(exemptions[name] ?? []);
  return {
    defaults: policy, exempt: { usernames: set('usernames'), namespaces: set('namespaces'), runtimeClasses: set('runtimeClasses') },
    plain: Object.values(policy).every(({ level }) => level === 'privileged'),
  };
}
