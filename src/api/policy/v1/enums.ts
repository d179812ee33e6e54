// The closed sets of values of policy.v1, in the order of messages: fields name them, validation judges by them.

export const unhealthyPodEvictionPolicies: readonly string[] = ['AlwaysAllow', 'IfHealthyBudget'];
