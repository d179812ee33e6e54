/** What every namespace is given: a service account named default, and the certificate authority that clients should trust. */
import { hasReason } from '../../machinery/status.ts';
import { configmaps, namespaces, serviceaccounts } from '../../api/core/v1/index.ts';
import type { Controller, ControllerContext } from '../harness/controller.ts';
import { isNamespaceTerminating } from '../pods/replicas.ts';

export const serviceAccountController: Controller = {
  name: 'serviceaccount-controller',
  account: 'service-account-controller',
  setup: (context) => {
    const spaces = context.informer(namespaces);
    const accounts = context.informer(serviceaccounts);
    const queue = context.queue(async (name) => {
      const space = spaces.get(name);
      if (space?.status?.phase !== 'Active' || space.metadata.deletionTimestamp || accounts.get('default', name)) return;
      await ensure(() => context.client.create(serviceaccounts, { metadata: { name: 'default', namespace: name } }));
    }, 4);
    spaces.on({ added: (n) => queue.add(n.metadata.name), updated: (n) => queue.add(n.metadata.name) });
    accounts.on({ deleted: (a) => (a.metadata.name === 'default' ? queue.add(a.metadata.namespace!) : undefined) });
  },
};

const rootCaName = 'kube-root-ca.crt';
const rootCaDescription = 'The authorities that vouch for the API server at its addresses inside the cluster.';

export const rootCaPublisher: Controller = {
  name: 'root-ca-certificate-publisher-controller',
  account: 'root-ca-cert-publisher',
  setup: (context) => {
    const { rootCa } = context.options;
    if (rootCa) publish(context, rootCa);
  },
};

function publish(context: ControllerContext, rootCa: string): void {
  const spaces = context.informer(namespaces);
  const maps = context.informer(configmaps, { fieldSelector: `metadata.name=${rootCaName}` });
  const data = { 'ca.crt': rootCa };
  const annotations = { 'kubernetes.io/description': rootCaDescription };
  const queue = context.queue(async (name) => {
    const space = spaces.get(name);
    if (!space || space.metadata.deletionTimestamp) return;
    const found = maps.get(rootCaName, name);
    if (!found) {
      await ensure(() => context.client.create(configmaps, { metadata: { name: rootCaName, namespace: name, annotations }, data }));
    } else if (found.data?.['ca.crt'] !== rootCa || Object.keys(found.data).length !== 1 || !found.metadata.annotations?.['kubernetes.io/description']) {
      await context.client.update(configmaps, { ...found, metadata: { ...found.metadata, annotations: { ...found.metadata.annotations, ...annotations } }, data });
    }
  }, 4);
  spaces.on({ added: (n) => queue.add(n.metadata.name), updated: (n) => queue.add(n.metadata.name) });
  maps.on({ updated: (m) => queue.add(m.metadata.namespace!), deleted: (m) => queue.add(m.metadata.namespace!) });
}

/** Already there, or its namespace is going away: as good as done. */
async function ensure(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'NotFound') && !isNamespaceTerminating(error)) throw error;
  }
}
