/** What an API server is given from outside. Certificates and keys are PEM texts. */
import type { AuthorizationChoice } from './authz/chain.ts';
import type { EgressProxy } from './proxy/egress.ts';
import type { ExternalSigner } from './authn/serviceaccount.ts';
import type { TokenAuthenticator } from './authn/tokens.ts';
import type { Metrics, MetricsSettings } from '../base/metrics.ts';
import type { HealthCheck } from '../serving/health.ts';
import type { Store } from '../store/store.ts';
import type { AuditConfig } from './audit/audit.ts';
import type { TlsOptions } from '../serving/server.ts';
import type { FrontOptions } from './front.ts';
import type { Gates } from './selfmetrics.ts';
import type { RequestLimits } from './limits.ts';
import type { AdmissionConfiguration } from './admission/configuration.ts';
import type { Component } from './registry/core/components.ts';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface ServiceAccountConfig {
  /** Private key that signs tokens (EC P-256 or RSA); or `signer`. */
  readonly signingKey?: string;
  /** Who signs in place of this server. */
  readonly signer?: ExternalSigner;
  /** No token lives longer, not even one that is extended. */
  readonly longestSeconds?: number;
  /** Public keys (or private ones, or certificates) of which any may have signed; the signing key always counts. */
  readonly verifyingKeys?: readonly string[];
  /** Default `https://kubernetes.default.svc.cluster.local`. */
  readonly issuer?: string;
  /** In place of `issuer`: the first one signs, tokens of all of them count. */
  readonly issuers?: readonly string[];
  /** Where others find the keys, in the discovery document; default: this server. */
  readonly keySetUrl?: string;
  /** No token lives longer, whatever was asked for. */
  readonly maxTokenSeconds?: number;
  /** Default true: tokens of pods live for a year, though they are to be refreshed earlier. */
  readonly extendTokens?: boolean;
  /** Default: the issuers. */
  readonly audiences?: readonly string[];
}

/** The certificate with which this server proxies to extension servers, and who is trusted to vouch for users. */
export interface FrontProxyConfig extends Partial<KeyPair> {
  readonly authority?: string;
  /** Common names of which the front proxy's certificate must have one; none: any that the authority signed. */
  readonly allowedNames?: readonly string[];
  /** Default X-Remote-User, X-Remote-Uid, X-Remote-Group, X-Remote-Extra-. */
  readonly usernameHeaders?: readonly string[];
  readonly uidHeaders?: readonly string[];
  readonly groupHeaders?: readonly string[];
  readonly extraHeaderPrefixes?: readonly string[];
}

/** How a server looks after its store. */
export interface StoreCare {
  /** How long it may take to answer before it counts as ill; default 2 s each. */
  readonly healthTimeoutMs?: number;
  readonly readyTimeoutMs?: number;
  /** Default true: metrics tell the number of objects, and the size of the store. */
  readonly countsObjects?: boolean;
  readonly tellsSize?: boolean;
}

export interface ApiServerConfig {
  readonly store: Store;
  readonly storeCare?: StoreCare;
  /** Resources that are kept in other stores; `group/resource`, the core group's is empty. Each has revisions of its own. */
  readonly otherStores?: readonly { readonly resources: readonly string[]; readonly store: Store }[];
  /** In a store that upstream's servers may use: JSON in place of protobuf. */
  readonly storesJson?: boolean;
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
  readonly kubelet?: KeyPair & { readonly authority?: string; /** Which of a node's addresses is taken: the first type that it has. */ readonly addressTypes?: readonly string[] };
  /** Default ['Node', 'RBAC']. */
  readonly authorization?: AuthorizationChoice;
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
  /** Default true; a list: for these paths alone. */
  readonly anonymous?: boolean | readonly string[];
  /** Default true: Secrets in kube-system may hold tokens with which nodes join. */
  readonly bootstrapTokens?: boolean;
  /** Further ways to tell who is behind a token, asked after those of this server. */
  readonly tokens?: readonly TokenAuthenticator[];
  /** For how long a token that was found good is not judged again; default ten seconds, as upstream. */
  readonly tokenMemoryMs?: number;
  /** What is served beyond or short of the default: `api/all|ga|beta|alpha`, `v1`, `group/version` or `group/version/resource`, each with `=true` or `=false`. */
  readonly runtimeConfig?: readonly string[];
  /** Feature gates that are on beyond the default. */
  readonly features?: readonly string[];
  /** Beside those of the server itself, in /healthz and /readyz. */
  readonly healthChecks?: readonly HealthCheck[];
  /** What componentstatuses lists beside the store; default: scheduler and controller manager on this machine, at their usual ports. */
  readonly components?: readonly Component[];
  readonly limits?: RequestLimits;
  /** Default true: profiles at /debug/pprof/, for those who may get them. */
  readonly profiling?: boolean;
  /** Absent: no audit events. */
  readonly audit?: AuditConfig;
  /** Default cluster.local. */
  readonly clusterDomain?: string;
  /** Default true. */
  readonly allowPrivileged?: boolean;
  /** How long events stay after they were written last; default one hour. */
  readonly eventTtlMs?: number;
  /** Under which host clients know this server; default: the advertised address. */
  readonly externalHost?: string;
  /** The port of every node that leads to the `kubernetes` service; default: none. */
  readonly serviceNodePort?: number;
  /** Default true: the endpoints of the `kubernetes` service are those of this server. */
  readonly publishEndpoints?: boolean;
  /** How many objects of a collection are deleted at a time. */
  readonly deleteWorkers?: number;
  /** Bytes a second for each upgraded connection through this server; default: no limit. */
  readonly connectionBytesPerSecond?: number;
  /** What connections to nodes, pods and services go through; default: they are made directly. */
  readonly egress?: EgressProxy;
  /** Default true: what an extension server says of going elsewhere does not reach the client. */
  readonly rejectRedirects?: boolean;
  readonly metrics?: MetricsSettings;
  /** Parts that were made before the server, and count something. */
  readonly instruments?: readonly ((metrics: Metrics) => void)[];
  /** Feature gates with their states, for metrics; absent: nobody has asked for any. */
  readonly gates?: Gates;
  /** Flags of the program with their values, for /flagz. */
  readonly shownFlags?: readonly (readonly [string, string])[];
  readonly listening?: ListeningConfig;
  readonly front?: FrontOptions;
}

/** How the port is served. */
export interface ListeningConfig extends Pick<TlsOptions, 'byName' | 'minVersion' | 'ciphers'> {
  readonly http2?: boolean;
  readonly maxStreams?: number;
  readonly sharePort?: boolean;
  /** A unix socket on which profiles are served to whoever can reach it. */
  readonly profileSocket?: string;
}
