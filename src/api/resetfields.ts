/** Fields that belong to nobody who writes a resource, or a part of it, because they cannot be set there. */

const usual: Readonly<Record<string, readonly string[]>> = { '': ['status'], status: ['spec'] };

/** By kind and subresource, where they are others. */
const others: Readonly<Record<string, readonly string[]>> = {
  'Deployment/status': ['spec', 'metadata.labels'],
  'Pod/status': ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'],
  'CertificateSigningRequest/': ['spec', 'status'],
  'CertificateSigningRequest/status': ['spec', 'status.conditions'],
  'CertificateSigningRequest/approval': ['spec', 'status.certificate'],
  'CustomResourceDefinition/status': ['metadata', 'spec'],
  'APIService/status': ['metadata', 'spec'],
  'FlowSchema/status': ['metadata', 'spec'],
  'PriorityLevelConfiguration/status': ['metadata', 'spec'],
  'StorageVersion/status': ['metadata', 'spec'],
  'StorageVersionMigration/status': ['metadata', 'spec'],
  'VolumeAttachment/status': ['metadata', 'spec'],
  // Upstream names a group that there is not.
  'ServiceCIDR/': [],
  'ServiceCIDR/status': [],
  'Scale/scale': [],
};

/** As paths with dots. */
export function resetFields(kind: string, subresource: string): readonly string[] {
  return others[`${kind}/${subresource}`] ?? usual[subresource] ?? usual['']!;
}
