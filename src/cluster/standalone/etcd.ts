/** `k7s etcd`: etcd's v3 API over the embedded engine, one member. */
import { aborted } from '../../base/abort.ts';
import { CommandError } from '../../kubectl/errors.ts';
import type { FlagSet, Flags } from '../../kubectl/flags.ts';
import { autoCompaction, type AutoCompaction } from '../../store/etcdserver/autocompaction.ts';
import { openMember } from '../../store/etcdserver/member.ts';
import { etcdVersion } from '../../store/etcdserver/services.ts';
import { etcdServer, type ServerTls } from '../../store/etcdserver/server.ts';
import { StoreError } from '../../store/store.ts';
import { duration, fileOf, ignored, listed, pairOf, type Program } from './program.ts';

const usualQuota = 2 * 1024 ** 3;

const flags: FlagSet = {
  name: { type: 'string', default: 'default', help: 'What this member is called' },
  'data-dir': { type: 'string', help: 'The folder for the data; NAME.etcd if absent' },
  'listen-client-urls': { type: 'strings', default: ['http://localhost:2379'], help: 'Where clients are listened for: http, https or unix' },
  'advertise-client-urls': { type: 'strings', default: ['http://localhost:2379'], help: 'What clients are told of where this member is' },
  'listen-metrics-urls': { type: 'strings', help: 'Where /metrics and /health are besides' },
  'cert-file': { type: 'string', help: 'The certificate for https' },
  'key-file': { type: 'string', help: 'Its key' },
  'trusted-ca-file': { type: 'string', help: 'Whose client certificates are asked for, and believed' },
  'client-cert-auth': { type: 'bool', help: 'Ask for client certificates; so does --trusted-ca-file alone' },
  'auto-compaction-mode': { type: 'string', default: 'periodic', help: 'periodic or revision' },
  'auto-compaction-retention': { type: 'string', default: '0', help: 'How long (hours if there is no unit), or how many revisions, the past is kept; 0 for no compaction' },
  'quota-backend-bytes': { type: 'int', default: 0, help: 'The most that the data may take on disk; 0 for 2 GiB' },
  'max-request-bytes': { type: 'int', default: 1572864, help: 'The largest request' },
  'max-txn-ops': { type: 'int', default: 128, help: 'Operations in one transaction' },
  'unsafe-no-fsync': { type: 'bool', help: 'Acknowledge writes before the disk has them' },
  'experimental-watch-progress-notify-interval': { type: 'string', default: '10m', help: 'How often a quiet watch hears how far it is' },
  ...ignored('strings', 'listen-peer-urls', 'initial-advertise-peer-urls', 'log-outputs'),
  ...ignored('string', 'initial-cluster', 'initial-cluster-state', 'initial-cluster-token', 'log-level', 'logger', 'snapshot-count', 'heartbeat-interval', 'election-timeout', 'max-snapshots', 'max-wals',
    'peer-cert-file', 'peer-key-file', 'peer-trusted-ca-file', 'experimental-initial-corrupt-check', 'metrics'),
  ...ignored('bool', 'peer-client-cert-auth', 'pre-vote', 'strict-reconfig-check', 'enable-v2'),
};

export const etcd: Program = {
  name: 'etcd',
  about: "etcd's v3 API over the embedded engine of k7s: one member, durable, without users.",
  flags,
  version: `etcd Version: ${etcdVersion}`,
  run: async (given, surroundings, signal) => {
    if (given.text('initial-cluster').includes(',')) throw new CommandError('--initial-cluster: k7s etcd has one member');
    const folder = given.text('data-dir') || `${given.text('name')}.etcd`;
    const quotaBytes = given.number('quota-backend-bytes') > 0 ? given.number('quota-backend-bytes') : usualQuota;
    const retention = compactionOf(given);
    const tls = tlsOf(given);
    const member = await openMember({ folder, surroundings, quotaBytes, durable: !given.flag('unsafe-no-fsync') }).catch(refuse);
    const stopCompaction = autoCompaction(member, surroundings, retention);
    try {
      const server = await etcdServer({
        member, surroundings, name: given.text('name'), listen: listed(given, 'listen-client-urls'), listenMetrics: listed(given, 'listen-metrics-urls'), clientUrls: listed(given, 'advertise-client-urls'),
        peerUrls: listed(given, 'listen-peer-urls'), maxOps: given.number('max-txn-ops'), maxRequestBytes: given.number('max-request-bytes'),
        progressNotifyMs: duration(given, 'experimental-watch-progress-notify-interval'), ...(tls ? { tls } : {}),
      });
      surroundings.log.info('Serving', { urls: server.urls.join(','), folder, revision: member.keys.revision });
      await aborted(signal);
      await server.close();
    } finally {
      stopCompaction();
      await member.close();
    }
  },
};

function refuse(error: unknown): never {
  if (error instanceof StoreError) throw new CommandError(`--data-dir: ${error.message}`);
  throw error;
}

function tlsOf(given: Flags): ServerTls | undefined {
  const pair = pairOf(given, 'cert-file', 'key-file');
  const authority = fileOf(given, 'trusted-ca-file');
  if (!pair) {
    const url = [...listed(given, 'listen-client-urls'), ...listed(given, 'listen-metrics-urls')].find((text) => text.startsWith('https:'));
    if (url) throw new CommandError(`${url} needs --cert-file and --key-file`);
    return undefined;
  }
  if (given.flag('client-cert-auth') && authority === undefined) throw new CommandError('--client-cert-auth needs --trusted-ca-file');
  return { ...pair, ...(authority === undefined ? {} : { clientAuthority: authority }) };
}

function compactionOf(given: Flags): AutoCompaction | undefined {
  const mode = given.text('auto-compaction-mode');
  const text = given.text('auto-compaction-retention');
  if (mode !== 'periodic' && mode !== 'revision') throw new CommandError(`--auto-compaction-mode: unsupported compaction mode ${mode}`);
  const count = /^\d+$/.test(text) ? Number(text) : undefined;
  if (count === 0 || text === '') return undefined;
  if (mode === 'periodic') return { mode, keepMs: count === undefined ? duration(given, 'auto-compaction-retention') : count * 3_600_000 };
  if (count === undefined) throw new CommandError(`--auto-compaction-retention: ${JSON.stringify(text)} is no number of revisions`);
  return { mode, keep: count };
}
