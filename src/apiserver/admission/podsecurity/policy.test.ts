import assert from 'node:assert/strict';
import { test } from 'node:test';
import { policyOf, violations } from './policy.ts';
import type { PodView } from './words.ts';

const fitting = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
const secure = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };

function pod(spec: object, container: object = {}, annotations: Record<string, string> = {}): PodView {
  return { metadata: { name: 'p', annotations }, spec: { containers: [{ name: 'a', ...container }], ...spec } } as unknown as PodView;
}

const restricted = { level: 'restricted', version: 'latest' } as const;
const baseline = { level: 'baseline', version: 'latest' } as const;

const cases: readonly [what: string, pod: PodView, standard: typeof restricted | typeof baseline | { level: 'baseline' | 'restricted'; version: string }, found: string | undefined][] = [
  ['a plain pod fits the baseline', pod({}), baseline, undefined],
  ['a careful pod fits', pod({ securityContext: secure }, { securityContext: fitting }), restricted, undefined],
  ['several containers are named together', pod({ securityContext: secure, initContainers: [{ name: 'b' }] }, { securityContext: { ...fitting, allowPrivilegeEscalation: true } }), restricted,
    'allowPrivilegeEscalation != false (containers "b", "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "b" must set securityContext.capabilities.drop=["ALL"])'],
  ['volumes', pod({ securityContext: secure, volumes: [{ name: 'v', hostPath: { path: '/' } }, { name: 'w', nfs: {} }, { name: 'x', emptyDir: {} }] }, { securityContext: fitting }), restricted,
    'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")'],
  ['root by number', pod({ securityContext: { ...secure, runAsUser: 0 } }, { securityContext: fitting }), restricted, 'runAsUser=0 (pod must not set runAsUser=0)'],
  ['root by word', pod({ securityContext: { ...secure, runAsNonRoot: false } }, { securityContext: { ...fitting, runAsNonRoot: false } }), restricted, 'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)'],
  ['unconfined', pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }), baseline, 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")'],
  ['SELinux', pod({ securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } } }), baseline, 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set)'],
  ['a sysctl that came later', pod({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } }), { level: 'baseline', version: 'v1.31' }, 'forbidden sysctls (net.ipv4.tcp_rmem)'],
  ['is safe in the version that has it', pod({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } }), baseline, undefined],
  ['host ports', pod({}, { ports: [{ hostPort: 80 }, { hostPort: 443 }] }), baseline, 'hostPorts (container "a" uses hostPorts 443, 80)'],
  ['AppArmor by annotation', pod({}, {}, { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' }), baseline,
    'forbidden AppArmor profile (annotation container.apparmor.security.beta.kubernetes.io/a="unconfined")'],
  ['Windows has no such things', pod({ os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }), restricted, undefined],
];

for (const [what, view, standard, found] of cases) test(what, () => assert.equal(violations(view, standard), found));

test('labels that cannot be understood count as the strictest where they are enforced', () => {
  const { policy, errors } = policyOf({ 'pod-security.kubernetes.io/enforce': 'tight', 'pod-security.kubernetes.io/enforce-version': 'v2' });
  assert.deepEqual(policy.enforce, restricted);
  assert.deepEqual(policy.warn, { level: 'privileged', version: 'latest' });
  assert.deepEqual(policy.audit, { level: 'privileged', version: 'latest' });
  assert.equal(errors.length, 2);
});
