/** `k7s server --directory D`: the control plane of a profile. */
import { isAbort } from '../base/abort.ts';
import { embeddedStore } from '../store/embedded.ts';
import type { Context } from './context.ts';
import { startControlPlane, type ControlPlaneConfig } from './controlplane.ts';
import { directoryFlag } from './flags.ts';
import { untilTerminated } from './lifetime.ts';
import { readPki } from './pki.ts';
import { pathsOf, requireProfile, type ProfileConfig, type ProfilePaths } from './profile.ts';

export async function server(argv: readonly string[], { surroundings }: Context): Promise<number> {
  const paths = pathsOf(directoryFlag(argv));
  const config = requireProfile(paths);
  const signal = untilTerminated();
  const store = await embeddedStore({ folder: paths.store, surroundings });
  try {
    const { api, ended } = await startControlPlane({ ...controlPlane(paths, config), api: { ...apiServer(paths, config), store } }, surroundings, signal);
    surroundings.log.info('Serving', { url: api.url });
    await ended;
  } catch (error) {
    if (!isAbort(error, signal)) throw error;
  } finally {
    await store.close();
  }
  return 0;
}

function apiServer(paths: ProfilePaths, config: ProfileConfig): Omit<ControlPlaneConfig['api'], 'store'> {
  const pki = readPki(paths.pki);
  const pair = ({ certPem, keyPem }: { certPem: string; keyPem: string }): { cert: string; key: string } => ({ cert: certPem, key: keyPem });
  return {
    bindAddress: config.apiServer.address,
    port: config.apiServer.port,
    advertiseAddress: config.apiServer.address,
    tls: pair(pki.apiServer),
    clientAuthority: pki.ca.certPem,
    serviceAccounts: { signingKey: pki.serviceAccount.privatePem, issuer: `https://kubernetes.default.svc.${config.clusterDomain}` },
    serviceCidr: config.serviceCIDR,
    clusterDomain: config.clusterDomain,
    frontProxy: { ...pair(pki.frontProxyClient), authority: pki.frontProxyCa.certPem },
    kubelet: { ...pair(pki.apiServerKubeletClient), authority: pki.ca.certPem },
  };
}

function controlPlane(paths: ProfilePaths, config: ProfileConfig): Omit<ControlPlaneConfig, 'api'> {
  const { ca, serviceAccount } = readPki(paths.pki);
  return {
    controllers: {
      rootCa: ca.certPem, serviceAccountKey: serviceAccount.privatePem, clusterCidr: config.clusterCIDR, signing: ca,
      hostPathVolumes: { folder: paths.volumes, ...(config.runtime === 'simulated' ? { simulated: true } : {}) },
    },
    ...(config.runtime === 'simulated' ? { simulatedNodes: config.nodes.map(({ name }) => ({ name })) } : {}),
    ...(config.network ? { bridge: config.network.bridge } : {}),
  };
}
