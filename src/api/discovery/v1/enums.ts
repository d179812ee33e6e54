// The closed sets of values of discovery.v1, in the order of messages: fields name them, validation judges by them.

export const addressTypes: readonly string[] = ['FQDN', 'IPv4', 'IPv6'];
