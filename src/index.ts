/**
 * k7s as a library: clusters inside a program, with simulated nodes.
 *
 *     import { startCluster } from 'k7s';
 *     const cluster = await startCluster();
 *     // cluster.kubeconfig for any client, or cluster.client
 *     await cluster.stop();
 */
export { startCluster, type Cluster, type ClusterOptions } from './cluster/library.ts';
export type { Client } from './client/client.ts';
export { StatusError } from './machinery/status.ts';
