/** `kubectl create`: from files, or by the generators in `create-generators.ts`. */
import type { JsonObject } from '../../machinery/json.ts';
import { StatusError } from '../../machinery/status.ts';
import { dryRunOf, fieldValidation, resultPrinter, writeQuery } from '../changes.ts';
import type { Command } from '../command.ts';
import { CommandError, throwAll } from '../errors.ts';
import { pathOf } from '../discovery.ts';
import { generatorFlags } from '../generated.ts';
import { annotated } from '../lastapplied.ts';
import { filenameFlags, infosOfFiles, metadataOf, selectorFlags } from '../resources.ts';
import { parseLabelSelector } from '../../machinery/selectors.ts';
import type { Session } from '../session.ts';
import { generators } from './create-generators.ts';

export const create: Command = {
  name: 'create',
  use: 'create -f FILENAME [flags]',
  short: 'Create a resource from a file or from stdin',
  flags: { ...generatorFlags, ...filenameFlags, ...selectorFlags, raw: { type: 'string', help: 'Raw URI to POST to the server.' } },
  subcommands: generators,
  run: async (session, args) => {
    const { flags } = session;
    if (args.length) throw new CommandError(`Unexpected args: [${args.join(' ')}]\nSee 'kubectl create -h' for help and examples`);
    if (!flags.list('filename').length && !flags.text('kustomize')) throw new CommandError('must specify one of -f and -k');
    if (flags.text('raw')) {
      session.out(await session.text(flags.text('raw'), { method: 'POST', body: await session.readStdin() }));
      return;
    }
    await createFromFiles(session);
  },
};

async function createFromFiles(session: Session): Promise<void> {
  const { flags } = session;
  const selector = flags.text('selector') ? parseLabelSelector(flags.text('selector')) : undefined;
  const infos = (await infosOfFiles(session)).filter((info) => !selector || selector.matches(metadataOf(info.object).labels ?? {}));
  if (infos.length === 0) throw new CommandError('no objects passed to create');
  const print = resultPrinter(session, 'created');
  const errors: unknown[] = [];
  for (const { mapping, namespace, object, source } of infos) {
    const body: JsonObject = flags.flag('save-config') ? annotated(object) : object;
    if (dryRunOf(flags) === 'client') {
      print(body);
      continue;
    }
    try {
      print(await session.json(pathOf(mapping, namespace), { method: 'POST', body, query: { ...writeQuery(session, 'kubectl-create'), fieldValidation: fieldValidation(flags) } }));
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      errors.push(new StatusError({ ...error.status, message: `error when creating ${JSON.stringify(source)}: ${error.message}` }));
    }
  }
  throwAll(errors);
}
