/** The process that runs one node agent in a test: its configuration is the JSON in its first argument. */
import { Metrics } from '../../src/base/metrics.ts';
import { systemSurroundings } from '../../src/base/surroundings.ts';
import { httpClient, type HttpClientConfig } from '../../src/client/http.ts';
import type { KubeletConfig } from '../../src/kubelet/config.ts';
import { runKubelet } from '../../src/kubelet/kubelet.ts';

const { config, client: transport } = JSON.parse(process.argv[2]!) as { config: KubeletConfig; client: HttpClientConfig };
const surroundings = systemSurroundings({ verbosity: Number(process.env['K7S_TEST_VERBOSITY'] ?? 0) });
const abort = new AbortController();
process.once('SIGTERM', () => abort.abort());
const metrics = new Metrics();
const client = httpClient({ ...transport, surroundings, metrics });
await runKubelet(config, { client, surroundings, metrics, signal: abort.signal });
client.close();
