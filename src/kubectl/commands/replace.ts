/** `kubectl replace`. */
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { dryRunOf, fieldValidation, resultPrinter, writeQuery } from '../changes.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { pathOf } from '../discovery.ts';
import { generatorFlags } from '../generated.ts';
import { annotated, lastApplied } from '../lastapplied.ts';
import { filenameFlags, infosOfFiles, metadataOf } from '../resources.ts';

export const replace: Command = {
  name: 'replace',
  use: 'replace -f FILENAME',
  short: 'Replace a resource by file name or stdin',
  flags: { ...generatorFlags, ...filenameFlags, subresource: { type: 'string', help: 'If specified, replace will operate on the subresource of the requested object.' } },
  run: async (session) => {
    const { flags } = session;
    if (!flags.list('filename').length && !flags.text('kustomize')) throw new CommandError('must specify one of -f and -k');
    const print = resultPrinter(session, 'replaced');
    const errors: unknown[] = [];
    for (const { mapping, namespace, name, object, source } of await infosOfFiles(session)) {
      if (dryRunOf(flags) === 'client') {
        print(object);
        continue;
      }
      try {
        // An object that was applied before stays one that can be applied.
        const remember = flags.flag('save-config') || metadataOf(object).annotations?.[lastApplied] !== undefined;
        const body: JsonObject = remember ? annotated(object) : object;
        print(await session.json(pathOf(mapping, namespace, name, flags.text('subresource')), { method: 'PUT', body, query: { ...writeQuery(session, 'kubectl-replace'), fieldValidation: fieldValidation(flags) } }));
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        errors.push(new StatusError({ ...error.status, message: `error when replacing ${JSON.stringify(source)}: ${error.message}` }));
      }
    }
    throwAll(errors);
  },
};
