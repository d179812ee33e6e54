/** Fires when the process is asked to end. A second request ends it at once. */
export function untilTerminated(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      controller.abort(new DOMException(`asked to end by ${name}`, 'AbortError'));
      process.once(name, () => process.exit(1));
    });
  }
  return controller.signal;
}
