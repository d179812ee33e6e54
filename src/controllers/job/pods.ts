import { jobs } from '../../api/batch/v1/index.ts';
import type { Container, PodSpec } from '../../api/core/v1/index.ts';
import { podFromTemplate, type NewPod } from '../pods/pods.ts';
import { indexAnnotation, trackingFinalizer, type JobView } from './outcome.ts';

const indexVariable = 'JOB_COMPLETION_INDEX';

/** A pod of the job; of an indexed job it knows its index by annotation, label, host name and environment. */
export function jobPod(job: JobView, index: number | undefined, annotations: Readonly<Record<string, string>> = {}): NewPod {
  const pod = podFromTemplate(job.spec!.template, jobs, job);
  pod.metadata.finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined) return pod;
  const name = job.metadata.name;
  pod.metadata.generateName = `${name}-${index}-`;
  pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations, [indexAnnotation]: String(index) };
  pod.metadata.labels = { ...pod.metadata.labels, [indexAnnotation]: String(index) };
  const spec = pod.spec as PodSpec;
  spec.hostname ??= `${name}-${index}`;
  const fieldPath = `metadata.labels['${indexAnnotation}']`;
  const tell = (container: Container): void => {
    if (!container.env?.some((e) => e.name === indexVariable)) container.env = [...(container.env ?? []), { name: indexVariable, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } }];
  };
  spec.containers.forEach(tell);
  spec.initContainers?.forEach(tell);
  return pod;
}
