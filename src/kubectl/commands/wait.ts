/** `kubectl wait`, and `rollout status`, `restart`, `pause`, `resume`. */
import { timestamp } from '../../base/clock.ts';
import type { JsonObject } from '../../machinery/json.ts';
import { parseTemplate, relaxedPath } from '../../machinery/jsonpath.ts';
import { parseGoDuration } from '../../machinery/goduration.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { pathOf } from '../discovery.ts';
import { filenameFlags, metadataOf, selectorFlags } from '../resources.ts';
import type { Session } from '../session.ts';
import { kindPrefix } from '../printers/table.ts';
import { waitFor } from '../waiting.ts';
import { chosenObjects } from './scale.ts';

interface Condition {
  type: string;
  status: string;
  observedGeneration?: number;
}

export const wait: Command = {
  name: 'wait',
  use: 'wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath=\'{}\'[=value]]',
  short: 'Experimental: Wait for a specific condition on one or many resources',
  flags: {
    ...filenameFlags,
    ...selectorFlags,
    all: { type: 'bool', help: 'Select all resources in the namespace of the specified resource types' },
    for: { type: 'string', help: 'The condition to wait on: [create|delete|condition=condition-name[=condition-value]|jsonpath=\'{JSONPath expression}\'=[JSONPath value]].' },
    timeout: { type: 'duration', default: '30s', help: 'The length of time to wait before giving up.' },
    output: { type: 'string', short: 'o' },
  },
  run: async (session, args) => {
    const { flags } = session;
    const what = flags.text('for');
    const met = conditionOf(what);
    let objects: Awaited<ReturnType<typeof chosenObjects>>;
    try {
      objects = await chosenObjects(session, args);
    } catch (error) {
      if (what.toLowerCase() === 'delete' && (error as { reason?: string }).reason === 'NotFound') return;
      throw error;
    }
    if (objects.length === 0) throw new CommandError('no matching resources found');
    const timeout = parseGoDuration(flags.text('timeout'));
    const deadline = session.surroundings.clock.monotonic() + (timeout < 0 ? 7 * 24 * 3_600_000 : timeout);
    const errors: unknown[] = [];
    for (const { mapping, object } of objects) {
      const { name = '', namespace, uid } = metadataOf(object);
      try {
        await waitFor(session, mapping, namespace, name, deadline, (current) => {
          const sameObject = current !== undefined && (metadataOf(current).uid === uid || what.toLowerCase() !== 'delete') ? current : undefined;
          if (current === undefined && what.toLowerCase() !== 'delete') throw new CommandError(`${mapping.resource}${mapping.group ? `.${mapping.group}` : ''} ${JSON.stringify(name)} not found`);
          return met(sameObject);
        });
        session.line(`${kindPrefix(mapping)}/${name} ${what.toLowerCase() === 'delete' ? 'deleted' : 'condition met'}`);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        errors.push(error);
      }
    }
    throwAll(errors);
  },
};

function conditionOf(text: string): (object: JsonObject | undefined) => boolean {
  if (text.toLowerCase() === 'delete') return (object) => object === undefined;
  if (text.toLowerCase() === 'create') return (object) => object !== undefined;
  const condition = /^condition=([^=]+)(?:=(.*))?$/.exec(text);
  if (condition) {
    const [, name, value = 'true'] = condition;
    return (object) => {
      const { status, metadata } = (object ?? {}) as { status?: { conditions?: Condition[]; observedGeneration?: number }; metadata?: { generation?: number } };
      const found = status?.conditions?.find((c) => c.type.toLowerCase() === name!.toLowerCase());
      if (!found) return false;
      const observed = found.observedGeneration ?? status?.observedGeneration;
      if (observed !== undefined && metadata?.generation !== undefined && observed < metadata.generation) return false;
      return found.status.toLowerCase() === value.toLowerCase();
    };
  }
  const path = /^jsonpath=(\{.*?\})(?:=(.*))?$/.exec(text) ?? /^jsonpath=([^=]+)(?:=(.*))?$/.exec(text);
  if (path) {
    const template = parseTemplate(relaxedPath(path[1]!));
    return (object) => {
      const values = object ? template.find(object).flat() : [];
      return path[2] === undefined ? values.length > 0 : values.some((v) => String(v) === path[2]);
    };
  }
  throw new CommandError(`unrecognized condition: ${JSON.stringify(text)}`);
}

interface Rollout {
  metadata: { name: string; generation?: number };
  spec: { replicas?: number; updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } } };
  status: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; availableReplicas?: number; readyReplicas?: number; conditions?: { type: string; reason?: string }[]; desiredNumberScheduled?: number; updatedNumberScheduled?: number; numberAvailable?: number; currentRevision?: string; updateRevision?: string };
}

/** What there is to say of a rollout, and whether it is over. */
export function rolloutStatus(kind: string, object: JsonObject): { text: string; done: boolean } {
  if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(kind)) throw new CommandError(`no status viewer has been implemented for ${kind}`);
  const { metadata, spec, status } = object as unknown as Rollout;
  const { name } = metadata;
  const observed = (metadata.generation ?? 0) <= (status.observedGeneration ?? 0);
  const wanted = spec.replicas ?? 1;
  switch (kind) {
    case 'Deployment': {
      if (!observed) return { text: 'Waiting for deployment spec update to be observed...', done: false };
      if (status.conditions?.find((c) => c.type === 'Progressing')?.reason === 'ProgressDeadlineExceeded') throw new CommandError(`deployment ${JSON.stringify(name)} exceeded its progress deadline`);
      const updated = status.updatedReplicas ?? 0;
      const waiting = `Waiting for deployment ${JSON.stringify(name)} rollout to finish: `;
      if (updated < wanted) return { text: `${waiting}${updated} out of ${wanted} new replicas have been updated...`, done: false };
      if ((status.replicas ?? 0) > updated) return { text: `${waiting}${(status.replicas ?? 0) - updated} old replicas are pending termination...`, done: false };
      if ((status.availableReplicas ?? 0) < updated) return { text: `${waiting}${status.availableReplicas ?? 0} of ${updated} updated replicas are available...`, done: false };
      return { text: `deployment ${JSON.stringify(name)} successfully rolled out`, done: true };
    }
    case 'DaemonSet': {
      if (!observed) return { text: 'Waiting for daemon set spec update to be observed...', done: false };
      const desired = status.desiredNumberScheduled ?? 0;
      const waiting = `Waiting for daemon set ${JSON.stringify(name)} rollout to finish: `;
      if ((status.updatedNumberScheduled ?? 0) < desired) return { text: `${waiting}${status.updatedNumberScheduled ?? 0} out of ${desired} new pods have been updated...`, done: false };
      if ((status.numberAvailable ?? 0) < desired) return { text: `${waiting}${status.numberAvailable ?? 0} of ${desired} updated pods are available...`, done: false };
      return { text: `daemon set ${JSON.stringify(name)} successfully rolled out`, done: true };
    }
    default:
      if (!observed) return { text: 'Waiting for statefulset spec update to be observed...', done: false };
      if ((status.readyReplicas ?? 0) < wanted) return { text: `Waiting for ${wanted - (status.readyReplicas ?? 0)} pods to be ready...`, done: false };
      if (status.updateRevision !== status.currentRevision) return { text: `waiting for statefulset rolling update to complete ${status.updatedReplicas ?? 0} pods at revision ${status.updateRevision}...`, done: false };
      return { text: `statefulset rolling update complete ${status.replicas ?? 0} pods at revision ${status.currentRevision}...`, done: true };
  }
}

const status: Command = {
  name: 'status',
  use: 'rollout status (TYPE NAME | TYPE/NAME) [flags]',
  short: 'Show the status of the rollout',
  flags: { ...filenameFlags, ...selectorFlags, all: { type: 'bool' }, timeout: { type: 'duration', default: '0s', help: 'The length of time to wait before ending watch, zero means never.' }, watch: { type: 'bool', short: 'w', default: true, help: "Watch the status of the rollout until it's done." }, revision: { type: 'int' } },
  run: async (session, args) => {
    const { flags } = session;
    if (args.length === 0 && !flags.list('filename').length) throw new CommandError('required resource not specified');
    const timeout = parseGoDuration(flags.text('timeout'));
    for (const { mapping, object } of await chosenObjects(session, args)) {
      const { name = '', namespace } = metadataOf(object);
      let last = '';
      await waitFor(session, mapping, namespace, name, session.surroundings.clock.monotonic() + (timeout || 7 * 24 * 3_600_000), (current) => {
        if (current === undefined) throw new CommandError('object has been deleted');
        const { text, done } = rolloutStatus(mapping.kind, current);
        if (text !== last) session.line(text);
        last = text;
        return done || !flags.flag('watch');
      });
    }
  },
};

function patching(name: string, short: string, done: string, body: (session: Session, object: JsonObject) => JsonObject): Command {
  return {
    name,
    use: `rollout ${name} RESOURCE`,
    short,
    flags: { ...filenameFlags, ...selectorFlags, all: { type: 'bool' } },
    run: async (session, args) => {
      if (args.length === 0 && !session.flags.list('filename').length) throw new CommandError('required resource not specified');
      for (const { mapping, object } of await chosenObjects(session, args)) {
        const { name: object_, namespace } = metadataOf(object);
        await session.json(pathOf(mapping, namespace, object_), { method: 'PATCH', type: 'application/merge-patch+json', body: body(session, object), query: { fieldManager: 'kubectl-rollout' } });
        session.line(`${kindPrefix(mapping)}/${object_} ${done}`);
      }
    },
  };
}

const restart = patching('restart', 'Restart a resource', 'restarted', (session, object) => {
  if ((object['spec'] as { paused?: boolean }).paused) throw new CommandError("can't restart paused deployment (run rollout resume first)");
  const now = timestamp(session.now);
  return { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': now } } } } };
});
const pause = patching('pause', 'Mark the provided resource as paused', 'paused', (_session, object) => {
  if ((object['spec'] as { paused?: boolean }).paused) throw new CommandError('is already paused');
  return { spec: { paused: true } };
});
const resume = patching('resume', 'Resume a paused resource', 'resumed', (_session, object) => {
  if (!(object['spec'] as { paused?: boolean }).paused) throw new CommandError('is not paused');
  return { spec: { paused: null } };
});

export const rollout: Command = { name: 'rollout', use: 'rollout SUBCOMMAND', short: 'Manage the rollout of a resource', subcommands: [status, restart, pause, resume] };
