/** How kubectl words what went wrong, and with which exit code it ends. */
import { StatusError } from '../machinery/status.ts';
import { ConnectionError } from '../client/http.ts';

/** Printed as it is, after `error: ` where that does not stand there already. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Wrong arguments: the reader is pointed to the help of the command. */
export class UsageError extends CommandError {
  constructor(message: string, commandPath: string) {
    super(`${message}\nSee '${commandPath} -h' for help and examples`);
  }
}

/** Ends silently, with this code: everything is said already. */
export class Exit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Several failures of one command, each told. */
export class Failures extends Error {
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super(errors.map(errorLine).join('\n'));
    this.errors = errors;
  }
}

/** Throws what was gathered: one error as itself. */
export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new Failures(errors);
}

/** What a command prints to stderr before it ends. */
export function errorText(error: unknown): string {
  if (error instanceof Failures) return error.errors.map((e) => `${errorLine(e)}\n`).join('');
  if (error instanceof StatusError && error.reason === 'Invalid' && error.status.details) return invalidText(error);
  return `${errorLine(error)}\n`;
}

export function errorLine(error: unknown): string {
  if (error instanceof StatusError) {
    if (error.reason === 'Unauthorized') return `error: You must be logged in to the server (${error.message})`;
    return error.reason ? `Error from server (${error.reason}): ${error.message}` : `Error from server: ${error.message}`;
  }
  if (error instanceof ConnectionError) {
    if (error.code === 'ECONNREFUSED') return `The connection to the server ${new URL(error.server).host} was refused - did you specify the right host or port?`;
    return `Unable to connect to the server: ${(error.cause as Error | undefined)?.message ?? error.message}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith('error: ') ? message : `error: ${message}`;
}

function invalidText(error: StatusError): string {
  const { details, message } = error.status;
  const { kind = '', name = '', causes = [] } = details ?? {};
  const head = kind || name ? `The ${kind} ${JSON.stringify(name)} is invalid` : causes.length === 0 && message ? `The request is invalid: ${message}` : 'The request is invalid';
  const lines = [...new Set(causes.map((c) => `${c.field ?? ''}: ${c.message ?? ''}`))];
  if (lines.length === 0) return `${head}\n`;
  return lines.length === 1 ? `${head}: ${lines[0]}\n` : `${head}: \n${lines.map((line) => `* ${line}\n`).join('')}`;
}
