// The closed sets of values of storage.v1, in the order of messages: fields name them, validation judges by them.

export const volumeBindingModes: readonly string[] = ['Immediate', 'WaitForFirstConsumer'];
