// The closed sets of values of batch.v1, in the order of messages: fields name them, validation judges by them.

export const completionModes: readonly string[] = ['NonIndexed', 'Indexed'];
export const concurrencyPolicies: readonly string[] = ['Allow', 'Forbid', 'Replace'];
export const exitCodeOperators: readonly string[] = ['In', 'NotIn'];
export const failureActions: readonly string[] = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
export const podReplacementPolicies: readonly string[] = ['Failed', 'TerminatingOrFailed'];
