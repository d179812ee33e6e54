/** What a server says of itself: its build, its features, its metrics. */
import { unexpectedValues, type Metrics } from '../base/metrics.ts';
import { versionInfo } from '../serving/version.ts';

export type Gates = ReadonlyMap<string, { readonly stage: string; readonly enabled: boolean }>;

export function selfMetrics(metrics: Metrics, gates: Gates | undefined): void {
  const info = versionInfo();
  const build = { major: 'major', minor: 'minor', git_version: 'gitVersion', git_commit: 'gitCommit', git_tree_state: 'gitTreeState', build_date: 'buildDate', go_version: 'goVersion', compiler: 'compiler', platform: 'platform' };
  metrics.gauge({ name: 'kubernetes_build_info', labels: Object.keys(build), help: "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running." })
    .set(1, ...Object.values(build).map((field) => info[field] ?? ''));
  metrics.gauge({ name: 'version_info', labels: ['binary', 'component', 'emulation', 'min_compat'], help: '[ALPHA] Provides the compatibility version info of the component. The component label is the name of the component, usually kube, but is relevant for aggregated-apiservers.' })
    .set(1, (info['gitVersion'] ?? '').replace(/^v|\+.*$/g, ''), 'kube', `${info['emulationMajor']}.${info['emulationMinor']}`, `${info['minCompatibilityMajor']}.${info['minCompatibilityMinor']}`);
  if (gates) {
    const enabled = metrics.gauge({ name: 'kubernetes_feature_enabled', labels: ['name', 'stage'], help: '[BETA] This metric records the data about the stage and enablement of a k8s feature.' });
    for (const [name, gate] of gates) enabled.set(gate.enabled ? 1 : 0, name, gate.stage);
  }
  metrics.counter(unexpectedValues);
  const registered = metrics.counter({ name: 'registered_metrics_total', labels: ['stability_level', 'deprecated_version'], help: '[BETA] The count of registered metrics broken by stability level and deprecation version.' });
  metrics.counter({ name: 'hidden_metrics_total', help: '[BETA] The count of hidden metrics.' });
  const disabled = metrics.counter({ name: 'disabled_metrics_total', help: '[BETA] The count of disabled metrics.' });
  metrics.onCollect(() => {
    const census = metrics.census();
    for (const [level, count] of census.byStability) if (level !== '') registered.to(count, level, '');
    disabled.to(census.disabled);
  });
}
