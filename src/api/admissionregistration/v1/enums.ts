// The closed sets of values of admissionregistration.v1, in the order of messages: fields name them, validation judges by them.

export const failurePolicies: readonly string[] = ['Fail', 'Ignore'];
export const matchPolicies: readonly string[] = ['Equivalent', 'Exact'];
export const missingParameterActions: readonly string[] = ['Deny', 'Allow'];
export const operations: readonly string[] = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
export const patchTypes: readonly string[] = ['ApplyConfiguration', 'JSONPatch'];
export const sideEffectClasses: readonly string[] = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
export const validationActions: readonly string[] = ['Audit', 'Deny', 'Warn'];
