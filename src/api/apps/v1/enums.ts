// The closed sets of values of apps.v1, in the order of messages: fields name them, validation judges by them.

export const deploymentStrategies: readonly string[] = ['Recreate', 'RollingUpdate'];
export const podManagementPolicies: readonly string[] = ['OrderedReady', 'Parallel'];
export const updateStrategies: readonly string[] = ['RollingUpdate', 'OnDelete'];
