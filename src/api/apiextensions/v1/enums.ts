// The closed sets of values of apiextensions.v1, in the order of messages: fields name them, validation judges by them.

export const reasons: readonly string[] = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
