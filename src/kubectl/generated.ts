/** Sends an object that a command made from its flags, or only shows it. */
import type { JsonObject } from '../machinery/json.ts';
import { StatusError } from '../machinery/status.ts';
import { Builtins } from './builtin.ts';
import { changeFlags, dryRunOf, fieldValidation, resultPrinter, validateFlags, writeQuery } from './changes.ts';
import { pathOf } from './discovery.ts';
import { CommandError } from './errors.ts';
import { annotated } from './lastapplied.ts';
import type { FlagSet } from './flags.ts';
import { metadataOf } from './resources.ts';
import type { Session } from './session.ts';

/** Creates and returns without saying anything. The namespace is the object's own, else the session's. */
export async function createGenerated(session: Session, object: JsonObject, manager: string): Promise<JsonObject> {
  const dryRun = dryRunOf(session.flags);
  if (dryRun === 'client') return new Builtins().complete(withNamespace(session, object, session.connection.explicitNamespace));
  const mapping = (await session.discovery).forKind(String(object['apiVersion']), String(object['kind']));
  const namespace = mapping.namespaced ? (metadataOf(object).namespace ?? session.namespace) : undefined;
  const body = session.flags.flag('save-config') ? annotated(object) : object;
  return session.json(pathOf(mapping, namespace), { method: 'POST', body, query: { ...writeQuery(session, manager), fieldValidation: fieldValidation(session.flags) } });
}

/** Flags of all commands that make objects. */
export const generatorFlags: FlagSet = { ...changeFlags, ...validateFlags, 'save-config': { type: 'bool', help: 'If true, the configuration of current object will be saved in its annotation.' } };

function withNamespace(session: Session, object: JsonObject, explicit: boolean): JsonObject {
  const clusterScoped = ['Namespace', 'ClusterRole', 'ClusterRoleBinding', 'PriorityClass'].includes(String(object['kind']));
  return explicit && !clusterScoped ? { ...object, metadata: { ...(object['metadata'] as JsonObject), namespace: session.namespace } } : object;
}

/** Creates and says so. `failure` is what upstream puts before the server's words for this kind; absent: the error as it is. */
export async function createAndPrint(session: Session, object: JsonObject, failure?: string): Promise<void> {
  let created: JsonObject;
  try {
    created = await createGenerated(session, object, 'kubectl-create');
  } catch (error) {
    if (failure !== undefined && error instanceof StatusError) throw new CommandError(`${failure} ${error.message}`);
    throw error;
  }
  resultPrinter(session, 'created', 'typed')(created);
}
