/** `k7s heapster`: the model and metrics APIs that clients of old ask. */
import { readFileSync } from 'node:fs';
import { httpClient } from '../../client/http.ts';
import { CommandError } from '../../kubectl/errors.ts';
import { runHeapster } from '../../metrics/heapster/server.ts';
import { summaryFetcher } from '../../metrics/heapster/summary.ts';
import { connection } from './connection.ts';
import { duration, ignored, pairOf, type Program } from './program.ts';

export const heapster: Program = {
  name: 'heapster',
  about: "Heapster's model and metrics APIs, on the figures of metrics.k8s.io and of the kubelets' summaries.",
  flags: {
    source: { type: 'strings', help: "Only kubernetes or kubernetes.summary_api, of this cluster: kubernetes:https://kubernetes.default, kubernetes:''" },
    sink: { type: 'strings', help: 'Only metric, which is there anyhow' },
    metric_resolution: { type: 'duration', default: '60s', help: 'How often the model takes a sample; at least 5s' },
    'heapster-port': { type: 'int', default: 8082, help: 'Where to listen' },
    listen_ip: { type: 'string', help: 'The address to listen on; all if absent' },
    tls_cert: { type: 'string', help: 'The certificate for HTTPS; plain HTTP if absent' },
    tls_key: { type: 'string', help: 'Its key' },
    kubeconfig: { type: 'string', help: 'How to reach the API server; as a pod does if absent' },
    ...ignored('int', 'max_procs'),
    ...ignored('string', 'label_separator'),
  },
  run: async (flags, surroundings, signal) => {
    for (const source of flags.list('source')) if (!/^kubernetes(\.summary_api)?(:|$)/.test(source)) throw new CommandError(`--source: unknown source: ${source}`);
    for (const sink of flags.list('sink')) if (sink !== 'metric') throw new CommandError(`--sink: unknown sink: ${sink}`);
    const resolutionMs = duration(flags, 'metric_resolution');
    if (resolutionMs < 5000) throw new CommandError(`metric resolution should not be less than 5 seconds - ${resolutionMs / 1000}`);
    const tls = pairOf(flags, 'tls_cert', 'tls_key');
    const config = connection(flags.text('kubeconfig'));
    const client = httpClient({ ...config, userAgent: 'heapster', surroundings });
    const token = (): string | undefined => (config.tokenFile ? readFileSync(config.tokenFile, 'utf8').trim() : config.token);
    try {
      const server = await runHeapster(
        { resolutionMs, listen: { host: flags.text('listen_ip') || '0.0.0.0', port: flags.number('heapster-port'), ...(tls ? { tls } : {}) } },
        { client, summaries: summaryFetcher({ token, ...(config.ca ? { authority: config.ca } : {}) }), surroundings, signal },
      );
      await server.stopped;
    } finally {
      client.close();
    }
  },
};
