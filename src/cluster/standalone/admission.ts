/** What the flags of the API server say of admission. */
import { dirname, resolve } from 'node:path';
import { load } from 'js-yaml';
import type { AdmissionConfiguration, Section } from '../../apiserver/admission/configuration.ts';
import { CommandError } from '../../kubectl/errors.ts';
import { readNamed } from './program.ts';

/** Every name of an admission plugin that upstream's flags accept. Which of them are available, the API server knows. */
export const upstreamPlugins: readonly string[] = [
  'AlwaysAdmit', 'AlwaysDeny', 'AlwaysPullImages', 'CertificateApproval', 'CertificateSigning', 'CertificateSubjectRestriction', 'ClusterTrustBundleAttest',
  'DefaultIngressClass', 'DefaultStorageClass', 'DefaultTolerationSeconds', 'DenyServiceExternalIPs', 'EventRateLimit', 'ExtendedResourceToleration',
  'ImagePolicyWebhook', 'LimitPodHardAntiAffinityTopology', 'LimitRanger', 'MutatingAdmissionPolicy', 'MutatingAdmissionWebhook', 'NamespaceAutoProvision',
  'NamespaceExists', 'NamespaceLifecycle', 'NodeRestriction', 'OwnerReferencesPermissionEnforcement', 'PersistentVolumeClaimResize', 'PodNodeSelector',
  'PodSecurity', 'PodTolerationRestriction', 'PodTopologyLabels', 'Priority', 'ResourceQuota', 'RuntimeClass', 'ServiceAccount',
  'StorageObjectInUseProtection', 'TaintNodesByCondition', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionWebhook',
];

const flag = 'admission-control-config-file';
const apiVersions = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'];

function readYaml(file: string): Section {
  const text = readNamed(file, flag);
  try {
    return (load(text) ?? {}) as Section;
  } catch (error) {
    throw new CommandError(`--${flag}: ${file} is no valid YAML: ${(error as Error).message}`);
  }
}

/** An AdmissionConfiguration; sections may stand in files of their own, named relative to it. */
export function readAdmissionConfiguration(file: string): AdmissionConfiguration {
  const { apiVersion, kind, plugins = [] } = readYaml(file);
  if (kind !== 'AdmissionConfiguration' || !apiVersions.includes(String(apiVersion))) {
    throw new CommandError(`--${flag}: ${file} must be of kind AdmissionConfiguration and apiVersion ${apiVersions.join(' or ')}`);
  }
  const out = new Map<string, Section>();
  for (const { name, path, configuration } of plugins as readonly { readonly name?: string; readonly path?: string; readonly configuration?: Section }[]) {
    if (!name || !upstreamPlugins.includes(name)) throw new CommandError(`--${flag}: ${file}: plugin ${JSON.stringify(name ?? '')} is unknown`);
    const section = configuration ?? (path ? readYaml(resolve(dirname(file), path)) : undefined);
    if (section) out.set(name, section);
  }
  return out;
}
