/** What an API server is given from outside. Certificates and keys are PEM texts. */
import type { Store } from '../store/store.ts';

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
  /** The certificate with which this server proxies to extension servers, and the authority of front proxies. */
  readonly frontProxy?: KeyPair & { readonly authority: string };
  /** How kubelets are reached. */
  readonly kubelet?: KeyPair & { readonly authority: string };
  /** Default ['Node', 'RBAC']. */
  readonly authorization?: readonly ('Node' | 'RBAC' | 'AlwaysAllow')[];
  /** Lines of `token,user,uid,"group1,group2"`. */
  readonly tokenFile?: string;
  /** Names of admission plugins that are off by default, and here are not. */
  readonly enabledAdmission?: readonly string[];
  /** Names of admission plugins that are to stay off. */
  readonly disabledAdmission?: readonly string[];
  /** Default true. */
  readonly anonymous?: boolean;
  /** `api/all` or `group/version[/resource]` that are off by default, to be served too. */
  readonly runtimeConfig?: readonly string[];
  /** Default cluster.local. */
  readonly clusterDomain?: string;
}
