/** `kubectl apply`: by the server, or here with the annotation of what was applied last. */
import type { JsonObject } from '../../machinery/json.ts';
import { jsonText, parseJson } from '../../machinery/jsontext.ts';
import { hasReason, StatusError } from '../../machinery/status.ts';
import { createThreeWayMergePatch } from '../../schema/patch/mergepatch.ts';
import { createThreeWayStrategicMergePatch } from '../../schema/patch/strategicdiff.ts';
import { Builtins } from '../builtin.ts';
import { changeFlags, dryRunOf, fieldValidation, resultPrinter, validateFlags, writeQuery } from '../changes.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { pathOf } from '../discovery.ts';
import { annotated, lastApplied } from '../lastapplied.ts';
import { objectPrinter, sortedKeys } from '../printers/output.ts';
import { filenameFlags, infosOfFiles, metadataOf, selectorFlags, type Info } from '../resources.ts';
import { parseLabelSelector } from '../../machinery/selectors.ts';
import type { Session } from '../session.ts';

const clientSideManager = 'kubectl-client-side-apply';
/** How often a patch is made anew when others change the object meanwhile. */
const maxTries = 5;

export const apply: Command = {
  name: 'apply',
  use: 'apply (-f FILENAME | -k DIRECTORY) [flags]',
  short: 'Apply a configuration to a resource by file name or stdin',
  flags: {
    ...changeFlags,
    ...filenameFlags,
    ...selectorFlags,
    ...validateFlags,
    'server-side': { type: 'bool', help: 'If true, apply runs in the server instead of the client.' },
    'force-conflicts': { type: 'bool', help: 'If true, server-side apply will force the changes against conflicts.' },
    force: { type: 'bool', help: 'If true, immediately remove resources from API and bypass graceful deletion.' },
    overwrite: { type: 'bool', default: true, help: 'Automatically resolve conflicts between the modified and live configuration by using values from the modified configuration' },
    wait: { type: 'bool', help: 'If true, wait for resources to be gone before returning.' },
    timeout: { type: 'duration', default: '0s', help: 'The length of time to wait before giving up on a delete.' },
    'grace-period': { type: 'int', default: -1, help: 'Period of time in seconds given to the resource to terminate gracefully.' },
    cascade: { type: 'string', default: 'background', alone: 'background', help: 'Must be "background", "orphan", or "foreground".' },
    'openapi-patch': { type: 'bool', default: true, help: 'If true, use openapi to calculate diff when the openapi presents.' },
    prune: { type: 'bool', help: 'Automatically delete resource objects that do not appear in the configs.' },
    all: { type: 'bool', help: 'Select all resources in the namespace of the specified resource types.' },
  },
  run: async (session, args) => {
    const { flags } = session;
    if (args.length) throw new CommandError(`Unexpected args: [${args.join(' ')}]\nSee 'kubectl apply -h' for help and examples`);
    if (!flags.list('filename').length && !flags.text('kustomize')) throw new CommandError('must specify one of -f and -k');
    if (flags.flag('prune')) throw new CommandError('--prune is not supported by this kubectl');
    if (flags.flag('force-conflicts') && !flags.flag('server-side')) throw new CommandError('--force-conflicts only works with --server-side');
    if (dryRunOf(flags) === 'client' && flags.flag('server-side')) throw new CommandError("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)");
    const selector = flags.text('selector') ? parseLabelSelector(flags.text('selector')) : undefined;
    const infos = (await infosOfFiles(session)).filter((info) => !selector || selector.matches(metadataOf(info.object).labels ?? {}));
    const builtins = new Builtins();
    const results: { object: JsonObject; operation: string }[] = [];
    const errors: unknown[] = [];
    for (const info of infos) {
      try {
        const result = flags.flag('server-side') ? await applyOnServer(session, info) : await applyHere(session, info, builtins);
        if (objectPrinter(flags)) results.push(result);
        else resultPrinter(session, result.operation)(result.object);
      } catch (error) {
        if (!(error instanceof StatusError || error instanceof CommandError)) throw error;
        errors.push(error);
      }
    }
    printObjects(session, results.map((r) => r.object));
    throwAll(errors);
  },
};

function printObjects(session: Session, objects: readonly JsonObject[]): void {
  if (objects.length === 0) return;
  const print = resultPrinter(session, '');
  if (session.flags.text('output') === 'name') objects.forEach(print);
  else print(objects.length === 1 ? objects[0]! : { apiVersion: 'v1', items: [...objects], kind: 'List', metadata: {} });
}

/** An error of the server, with where the object came from. */
function from(error: unknown, verb: string, source: string): unknown {
  if (!(error instanceof StatusError)) return error;
  return new StatusError({ ...error.status, message: `error when ${verb} ${JSON.stringify(source)}: ${error.message}` });
}

function validation(session: Session): string {
  return fieldValidation(session.flags);
}

async function applyOnServer(session: Session, { mapping, namespace, name, object, source }: Info): Promise<{ object: JsonObject; operation: string }> {
  if (metadataOf(object).managedFields !== undefined) throw new CommandError('metadata.managedFields must be nil');
  const query = { ...writeQuery(session, 'kubectl'), fieldValidation: validation(session), force: session.flags.flag('force-conflicts') };
  try {
    const applied = await session.json(pathOf(mapping, namespace, name), { method: 'PATCH', type: 'application/apply-patch+yaml', body: object, query });
    return { object: applied, operation: 'serverside-applied' };
  } catch (error) {
    if (!hasReason(error, 'Conflict')) throw from(error, 'patching', source);
    const advice = `Please review the fields above--they currently have other managers. Here\nare the ways you can resolve this warning:\n* If you intend to manage all of these fields, please re-run the apply\n  command with the \`--force-conflicts\` flag.\n* If you do not intend to manage all of the fields, please edit your\n  manifest to remove references to the fields that should keep their\n  current managers.\n* You may co-own fields by updating your manifest to match the existing\n  value; in this case, you'll become the manager if the other manager(s)\n  stop managing the field (remove it from their configuration).\nSee https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`;
    throw new CommandError(`error: ${(error as Error).message}\n${advice}`);
  }
}

async function applyHere(session: Session, info: Info, builtins: Builtins): Promise<{ object: JsonObject; operation: string }> {
  const { mapping, namespace, name, object, source } = info;
  const dryRun = dryRunOf(session.flags);
  const modified = annotated(object);
  if (!name) throw new CommandError(`error when retrieving current configuration of:\nResource: "${mapping.group || ''}/${mapping.version}, Resource=${mapping.resource}", GroupVersionKind: "${mapping.group}/${mapping.version}, Kind=${mapping.kind}"\nName: "", Namespace: "${namespace ?? ''}"\nfrom server for: ${JSON.stringify(source)}: resource name may not be empty`);
  let current: JsonObject;
  try {
    current = await session.json(pathOf(mapping, namespace, name));
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw from(error, 'retrieving current configuration of', source);
    if (dryRun === 'client') return { object: modified, operation: 'created' };
    try {
      const query = { ...writeQuery(session, clientSideManager), fieldValidation: validation(session) };
      return { object: await session.json(pathOf(mapping, namespace), { method: 'POST', body: modified, query }), operation: 'created' };
    } catch (failure) {
      throw from(failure, 'creating', source);
    }
  }
  if (metadataOf(current).annotations?.[lastApplied] === undefined && dryRun !== 'client') {
    session.errorLine(
      `Warning: resource ${mapping.resource}/${name} is missing the ${lastApplied} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.`,
    );
  }
  return patchCurrent(session, info, modified, current, builtins);
}

async function patchCurrent(session: Session, info: Info, modified: JsonObject, found: JsonObject, builtins: Builtins): Promise<{ object: JsonObject; operation: string }> {
  const { mapping, namespace, name, source } = info;
  const struct = builtins.struct(mapping);
  let current = found;
  for (let attempt = 1; ; attempt++) {
    const text = metadataOf(current).annotations?.[lastApplied];
    const original = (text ? parseJson(text).value : {}) as JsonObject;
    const patch = struct ? createThreeWayStrategicMergePatch(original, modified, current, struct, { overwrite: session.flags.flag('overwrite') }) : createThreeWayMergePatch(original, modified, current);
    if (Object.keys(patch).length === 0) return { object: current, operation: 'unchanged' };
    if (dryRunOf(session.flags) === 'client') return { object: current, operation: 'configured' };
    try {
      const patched = await session.json(pathOf(mapping, namespace, name), {
        method: 'PATCH', body: patch, type: struct ? 'application/strategic-merge-patch+json' : 'application/merge-patch+json',
        query: { ...writeQuery(session, clientSideManager), fieldValidation: validation(session) },
      });
      const same = metadataOf(patched).resourceVersion === metadataOf(current).resourceVersion && dryRunOf(session.flags) === 'none';
      return { object: patched, operation: same ? 'unchanged' : 'configured' };
    } catch (error) {
      if (!hasReason(error, 'Conflict') || attempt === maxTries) throw explained(error, patch, info, source);
      await session.surroundings.clock.sleep(attempt * 100, session.signal);
      current = await session.json(pathOf(mapping, namespace, name));
    }
  }
}

/** A refused patch is shown together with what it was for. */
function explained(error: unknown, patch: JsonObject, { mapping, namespace, name }: Info, source: string): unknown {
  if (!(error instanceof StatusError) || error.reason === 'Invalid') return error;
  const gv = mapping.group ? `${mapping.group}/${mapping.version}` : `/${mapping.version}`;
  return new StatusError({
    ...error.status,
    message: `error when applying patch:\n${jsonText(sortedKeys(patch))}\nto:\nResource: "${gv}, Resource=${mapping.resource}", GroupVersionKind: "${gv}, Kind=${mapping.kind}"\nName: ${JSON.stringify(name)}, Namespace: ${JSON.stringify(namespace ?? '')}\nfor: ${JSON.stringify(source)}: error when patching ${JSON.stringify(source)}: ${error.message}`,
  });
}
