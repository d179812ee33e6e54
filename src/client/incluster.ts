import { existsSync, readFileSync } from 'node:fs';
import type { HttpClientConfig } from './http.ts';

export const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** How a pod reaches its API server: the service account's token and authority, the address from the environment. Throws outside a pod. */
export function inClusterConfig(env: Readonly<Record<string, string | undefined>>, folder = serviceAccountFolder): HttpClientConfig {
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT']];
  if (!host || !port || !existsSync(`${folder}/token`)) {
    throw new Error('unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined and a service account mounted: pass --kubeconfig');
  }
  return { server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, ca: readFileSync(`${folder}/ca.crt`, 'utf8'), tokenFile: `${folder}/token` };
}
