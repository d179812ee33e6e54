/** The runtime cost that one evaluation may have. */
export const perCallLimit = 1_000_000;
/** All rules of a custom resource, or of one policy binding, together. */
export const runtimeCostBudget = 10_000_000;
/** All match conditions of one webhook or policy for one object. */
export const matchConditionsCostBudget = 2_500_000;
/** What a rule of a CustomResourceDefinition may be estimated to cost, over all places where it runs. */
export const estimatedRuleCostLimit = 10_000_000;
/** All rules of a CustomResourceDefinition together. */
export const estimatedDefinitionCostLimit = 100_000_000;
export const maxRequestBytes = 3 * 1024 * 1024;
/** What a messageExpression may answer. */
export const maxMessageBytes = 5 * 1024;
