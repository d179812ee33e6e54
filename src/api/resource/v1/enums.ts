// The closed sets of values of resource.v1, in the order of messages: fields name them, validation judges by them.

export const taintEffects: readonly string[] = ['NoExecute', 'NoSchedule'];
