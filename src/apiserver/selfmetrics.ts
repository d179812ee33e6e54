/** What a server says of itself: its build, its features, its metrics. */
import { unexpectedValues, type Metrics } from '../base/metrics.ts';
import { versionInfo } from '../serving/version.ts';

export type Gates = ReadonlyMap<string, { readonly stage: string; readonly enabled: boolean }>;

export function selfMetrics(metrics: Metrics, gates: Gates | undefined): void {
  const info = versionInfo();
  const build = { major: 'major', minor: 'minor', git_version: 'gitVersion', git_commit: 'gitCommit', git_tree_state: 'gitTreeState', build_date: 'buildDate', go_version: 'goVersion', compiler: 'compiler', platform: 'platform' };
  metrics.gauge({ name: 'kubernetes_build_info', labels: Object.keys(build), help: '[ALPHA] Always 1; the labels say what was built, from what and when.' })
    .set(1, ...Object.values(build).map((field) => info[field] ?? ''));
  metrics.gauge({ name: 'version_info', labels: ['binary', 'component', 'emulation', 'min_compat'], help: '[ALPHA] Always 1; the labels say with which versions this server is compatible.' })
    .set(1, (info['gitVersion'] ?? '').replace(/^v|\+.*$/g, ''), 'kube', `${info['emulationMajor']}.${info['emulationMinor']}`, `${info['minCompatibilityMajor']}.${info['minCompatibilityMinor']}`);
  if (gates) {
    const enabled = metrics.gauge({ name: 'kubernetes_feature_enabled', labels: ['name', 'stage'], help: '[BETA] 1 for each feature that is on, 0 for those that are off.' });
    for (const [name, gate] of gates) enabled.set(gate.enabled ? 1 : 0, name, gate.stage);
  }
  metrics.counter(unexpectedValues);
  const registered = metrics.counter({ name: 'registered_metrics_total', labels: ['stability_level', 'deprecated_version'], help: '[BETA] Metrics that there are, by stability.' });
  metrics.counter({ name: 'hidden_metrics_total', help: '[BETA] Metrics that are not shown.' });
  const disabled = metrics.counter({ name: 'disabled_metrics_total', help: '[BETA] Metrics that are switched off.' });
  metrics.onCollect(() => {
    const census = metrics.census();
    for (const [level, count] of census.byStability) if (level !== '') registered.to(count, level, '');
    disabled.to(census.disabled);
  });
}
