/** `k7s cadvisor`: the statistics of this machine's cgroups, without a cluster. */
import { serveCadvisor } from '../../cadvisor/rest/server.ts';
import { aborted } from '../../base/abort.ts';
import { productVersion } from '../version.ts';
import { duration, ignored, type Program } from './program.ts';

export const cadvisor: Program = {
  name: 'cadvisor',
  about: "cAdvisor's API, metrics and page for the cgroups of this machine.",
  flags: {
    port: { type: 'int', default: 8080, help: 'Where to listen' },
    listen_ip: { type: 'string', help: 'The address to listen on; all if absent' },
    housekeeping_interval: { type: 'duration', default: '1s', help: 'How often a busy cgroup is read' },
    ...ignored('bool', 'allow_dynamic_housekeeping'),
    ...ignored('string', 'max_housekeeping_interval'),
  },
  run: async (flags, surroundings, signal) => {
    const host = flags.text('listen_ip') || '0.0.0.0';
    const { port } = await serveCadvisor({ host, port: flags.number('port'), intervalMs: duration(flags, 'housekeeping_interval'), clock: surroundings.clock, signal, version: productVersion });
    surroundings.log.info('Serving', { url: `http://${host}:${port}` });
    await aborted(signal);
  },
};
