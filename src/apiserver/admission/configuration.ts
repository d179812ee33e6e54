/** What single plugins are told beyond their names: the sections of an AdmissionConfiguration. Each is as its file had it; whoever reads one says what is wrong with it. */
export type Section = Readonly<Record<string, unknown>>;
/** By name of plugin. */
export type AdmissionConfiguration = ReadonlyMap<string, Section>;

export class ConfigurationMistake extends Error {
  constructor(plugin: string, why: string) {
    super(`the configuration of admission plugin ${plugin}: ${why}`);
  }
}

/** Checks kind and version where a section has to name them. */
export function sectionOf(all: AdmissionConfiguration, plugin: string, kind: string, apiVersions: readonly string[]): Section | undefined {
  const section = all.get(plugin);
  if (!section) return undefined;
  if (section['kind'] !== kind || !apiVersions.includes(String(section['apiVersion']))) {
    throw new ConfigurationMistake(plugin, `is ${String(section['kind'])} of ${String(section['apiVersion'])}; it has to be ${kind} of ${apiVersions.join(' or ')}`);
  }
  return section;
}
