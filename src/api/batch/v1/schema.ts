// The data of batch/v1. One edits this; `npm run generate` prints types.ts from it.
import type { Struct } from '../../../schema/vocabulary.ts';
import { completionModes, concurrencyPolicies, exitCodeOperators, failureActions, podReplacementPolicies } from './enums.ts';
import type * as T from './types.ts';

export const CronJob: Struct<T.CronJob> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'CronJobSpec' },
    status: { n: 3, type: 'CronJobStatus' },
  },
};

export const CronJobSpec: Struct<T.CronJobSpec> = {
  fields: {
    schedule: { n: 1, type: 'string', always: true, required: true },
    timeZone: { n: 8, type: 'string', ptr: true },
    startingDeadlineSeconds: { n: 2, type: 'int64', ptr: true },
    concurrencyPolicy: { n: 3, type: 'string', enum: concurrencyPolicies, default: 'Allow' },
    suspend: { n: 4, type: 'bool', ptr: true, default: false },
    jobTemplate: { n: 5, type: 'JobTemplateSpec', always: true, required: true },
    successfulJobsHistoryLimit: { n: 6, type: 'int32', ptr: true, default: 3 },
    failedJobsHistoryLimit: { n: 7, type: 'int32', ptr: true, default: 1 },
  },
};

export const CronJobStatus: Struct<T.CronJobStatus> = {
  fields: {
    active: { n: 1, type: '[]core.v1.ObjectReference', listType: 'atomic' },
    lastScheduleTime: { n: 4, type: 'Time', ptr: true },
    lastSuccessfulTime: { n: 5, type: 'Time', ptr: true },
  },
};

export const Job: Struct<T.Job> = {
  fields: {
    kind: { type: 'string' },
    apiVersion: { type: 'string' },
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'JobSpec' },
    status: { n: 3, type: 'JobStatus' },
  },
};

export const JobCondition: Struct<T.JobCondition> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true },
    lastProbeTime: { n: 3, type: 'Time' },
    lastTransitionTime: { n: 4, type: 'Time' },
    reason: { n: 5, type: 'string' },
    message: { n: 6, type: 'string' },
  },
};

export const JobSpec: Struct<T.JobSpec> = {
  fields: {
    parallelism: { n: 1, type: 'int32', ptr: true },
    completions: { n: 2, type: 'int32', ptr: true },
    activeDeadlineSeconds: { n: 3, type: 'int64', ptr: true },
    podFailurePolicy: { n: 11, type: 'PodFailurePolicy', ptr: true },
    successPolicy: { n: 16, type: 'SuccessPolicy', ptr: true },
    backoffLimit: { n: 7, type: 'int32', ptr: true },
    backoffLimitPerIndex: { n: 12, type: 'int32', ptr: true },
    maxFailedIndexes: { n: 13, type: 'int32', ptr: true },
    selector: { n: 4, type: 'meta.v1.LabelSelector', ptr: true },
    manualSelector: { n: 5, type: 'bool', ptr: true },
    template: { n: 6, type: 'core.v1.PodTemplateSpec', always: true, required: true },
    ttlSecondsAfterFinished: { n: 8, type: 'int32', ptr: true },
    completionMode: { n: 9, type: 'string', enum: completionModes, ptr: true },
    suspend: { n: 10, type: 'bool', ptr: true },
    podReplacementPolicy: { n: 14, type: 'string', enum: podReplacementPolicies, ptr: true },
    managedBy: { n: 15, type: 'string', ptr: true },
  },
};

export const JobStatus: Struct<T.JobStatus> = {
  fields: {
    conditions: { n: 1, type: '[]JobCondition', listType: 'atomic', patchStrategy: 'merge', patchMergeKey: 'type' },
    startTime: { n: 2, type: 'Time', ptr: true },
    completionTime: { n: 3, type: 'Time', ptr: true },
    active: { n: 4, type: 'int32' },
    succeeded: { n: 5, type: 'int32' },
    failed: { n: 6, type: 'int32' },
    terminating: { n: 11, type: 'int32', ptr: true },
    completedIndexes: { n: 7, type: 'string' },
    failedIndexes: { n: 10, type: 'string', ptr: true },
    uncountedTerminatedPods: { n: 8, type: 'UncountedTerminatedPods', ptr: true },
    ready: { n: 9, type: 'int32', ptr: true },
  },
};

export const JobTemplateSpec: Struct<T.JobTemplateSpec> = {
  fields: {
    metadata: { n: 1, type: 'meta.v1.ObjectMeta' },
    spec: { n: 2, type: 'JobSpec' },
  },
};

export const PodFailurePolicy: Struct<T.PodFailurePolicy> = {
  fields: {
    rules: { n: 1, type: '[]PodFailurePolicyRule', always: true, required: true, listType: 'atomic' },
  },
};

export const PodFailurePolicyOnExitCodesRequirement: Struct<T.PodFailurePolicyOnExitCodesRequirement> = {
  fields: {
    containerName: { n: 1, type: 'string', ptr: true },
    operator: { n: 2, type: 'string', enum: exitCodeOperators, always: true, required: true },
    values: { n: 3, type: '[]int32', always: true, required: true, listType: 'set' },
  },
};

export const PodFailurePolicyOnPodConditionsPattern: Struct<T.PodFailurePolicyOnPodConditionsPattern> = {
  fields: {
    type: { n: 1, type: 'string', always: true, required: true },
    status: { n: 2, type: 'string', always: true, required: true, default: 'True' },
  },
};

export const PodFailurePolicyRule: Struct<T.PodFailurePolicyRule> = {
  fields: {
    action: { n: 1, type: 'string', enum: failureActions, always: true, required: true },
    onExitCodes: { n: 2, type: 'PodFailurePolicyOnExitCodesRequirement', ptr: true },
    onPodConditions: { n: 3, type: '[]PodFailurePolicyOnPodConditionsPattern', listType: 'atomic' },
  },
};

export const SuccessPolicy: Struct<T.SuccessPolicy> = {
  fields: {
    rules: { n: 1, type: '[]SuccessPolicyRule', always: true, required: true, listType: 'atomic' },
  },
};

export const SuccessPolicyRule: Struct<T.SuccessPolicyRule> = {
  fields: {
    succeededIndexes: { n: 1, type: 'string', ptr: true },
    succeededCount: { n: 2, type: 'int32', ptr: true },
  },
};

export const UncountedTerminatedPods: Struct<T.UncountedTerminatedPods> = {
  fields: {
    succeeded: { n: 1, type: '[]string', listType: 'set' },
    failed: { n: 2, type: '[]string', listType: 'set' },
  },
};
