/** What commands that change something share: dry runs, output of the result, flags. */
import type { JsonObject } from '../machinery/json.ts';
import { CommandError } from './errors.ts';
import type { Flags, FlagSet } from './flags.ts';
import { namePrinter, objectPrinter, outputFlags } from './printers/output.ts';
import type { Session } from './session.ts';

export const changeFlags: FlagSet = {
  ...outputFlags,
  'dry-run': { type: 'string', default: 'none', alone: 'unchanged', help: 'Must be "none", "server", or "client". If client strategy, only print the object that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.' },
  'field-manager': { type: 'string', help: 'Name of the manager used to track field ownership.' },
};

export const validateFlags: FlagSet = {
  validate: { type: 'string', default: 'strict', alone: 'strict', help: 'Must be one of: strict (or true), warn, ignore (or false).' },
};

export type DryRun = 'none' | 'client' | 'server';

export function dryRunOf(flags: Flags): DryRun {
  const value = flags.text('dry-run');
  switch (value) {
    case 'none':
    case 'client':
    case 'server':
      return value;
    case 'unchanged':
      throw new CommandError('--dry-run flag without a value was specified. A value must be set: "none", "server", or "client".');
    default:
      throw new CommandError(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
  }
}

/** Query parameters of a write. */
export function writeQuery(session: Session, defaultManager: string): Record<string, string | undefined> {
  const { flags } = session;
  return {
    fieldManager: flags.text('field-manager') || defaultManager,
    ...(dryRunOf(flags) === 'server' ? { dryRun: 'All' } : {}),
  };
}

export function fieldValidation(flags: Flags): string {
  switch (flags.text('validate')) {
    case 'true':
    case 'strict':
      return 'Strict';
    case 'warn':
      return 'Warn';
    case 'false':
    case 'ignore':
      return 'Ignore';
    default:
      throw new CommandError(`invalid - validate option ${JSON.stringify(flags.text('validate'))}; must be one of: strict (or true), warn, ignore (or false)`);
  }
}

/** `pod/a created`, with `(dry run)` where it was one, or the object in the form that was asked for. */
export function resultPrinter(session: Session, operation: string, order: 'sorted' | 'typed' = 'sorted'): (object: JsonObject) => void {
  const { flags } = session;
  const dryRun = dryRunOf(flags);
  const suffix = dryRun === 'client' ? ' (dry run)' : dryRun === 'server' ? ' (server dry run)' : '';
  const printer = objectPrinter(flags, order) ?? namePrinter(operation + suffix);
  return (object) => session.out(printer(object));
}
