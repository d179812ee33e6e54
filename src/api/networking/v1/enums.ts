// The closed sets of values of networking.v1, in the order of messages: fields name them, validation judges by them.

export const pathTypes: readonly string[] = ['Exact', 'ImplementationSpecific', 'Prefix'];
export const policyTypes: readonly string[] = ['Ingress', 'Egress'];
/** Those of core.v1, told in an order of their own. */
export const policyProtocols: readonly string[] = ['TCP', 'UDP', 'SCTP'];
