/** What an API server is given from outside. Certificates and keys are PEM texts. */
import type { HealthCheck } from '../serving/health.ts';
import type { Store } from '../store/store.ts';
import type { AdmissionConfiguration } from './admission/configuration.ts';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface ServiceAccountConfig {
  /** Private key that signs tokens (EC P-256 or RSA). */
  readonly signingKey: string;
  /** Public keys (or private ones, or certificates) of which any may have signed; the signing key always counts. */
  readonly verifyingKeys?: readonly string[];
  /** Default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string;
  /** Default: the issuer. */
  readonly audiences?: readonly string[];
}

/** The certificate with which this server proxies to extension servers, and who is trusted to vouch for users. */
export interface FrontProxyConfig extends Partial<KeyPair> {
  readonly authority?: string;
  /** Common names of which the front proxy's certificate must have one; none: any that the authority signed. */
  readonly allowedNames?: readonly string[];
}

export interface ApiServerConfig {
  readonly store: Store;
  /** Default 127.0.0.1. */
  readonly bindAddress?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** What the `kubernetes` Service's endpoints name; default: the bind address. */
  readonly advertiseAddress?: string;
  readonly tls: KeyPair;
  /** Absent: no client certificates. */
  readonly clientAuthority?: string;
  readonly serviceAccounts?: ServiceAccountConfig;
  /** Default 10.96.0.0/12. */
  readonly serviceCidr?: string;
  /** Default 30000-32767. */
  readonly nodePorts?: { readonly from: number; readonly to: number };
  readonly frontProxy?: FrontProxyConfig;
  /** How kubelets are reached. Without an authority their certificates are not checked. */
  readonly kubelet?: KeyPair & { readonly authority?: string };
  /** Default ['Node', 'RBAC']. */
  readonly authorization?: readonly ('Node' | 'RBAC' | 'AlwaysAllow')[];
  /** Lines of `token,user,uid,"group1,group2"`. */
  readonly tokenFile?: string;
  /** Names of admission plugins that must be on; the start fails where there is none of that name. */
  readonly enabledAdmission?: readonly string[];
  /** Names of admission plugins that are to stay off. */
  readonly disabledAdmission?: readonly string[];
  /** What single plugins are told; the start fails where it is not right. */
  readonly admissionConfiguration?: AdmissionConfiguration;
  /** How long pods stay on nodes that are not ready or not reachable, where they do not say; default 300 seconds each. */
  readonly tolerationSeconds?: { readonly notReady?: number; readonly unreachable?: number };
  /** Default true. */
  readonly anonymous?: boolean;
  /** What is served beyond or short of the default: `api/all|ga|beta|alpha`, `v1`, `group/version` or `group/version/resource`, each with `=true` or `=false`. */
  readonly runtimeConfig?: readonly string[];
  /** Beside those of the server itself, in /healthz and /readyz. */
  readonly healthChecks?: readonly HealthCheck[];
  /** Default cluster.local. */
  readonly clusterDomain?: string;
}
