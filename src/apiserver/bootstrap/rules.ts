/** A short way to write policy rules: words in one text. */
import type { PolicyRule } from '../../api/rbac/v1/types.ts';

const words = (text: string): string[] => text.split(' ');

/** `core` stands for the group without a name. */
export function rule(verbs: string, groups: string, resources: string, ...names: string[]): PolicyRule {
  return { verbs: words(verbs), apiGroups: words(groups).map((g) => (g === 'core' ? '' : g)), resources: words(resources), ...(names.length > 0 ? { resourceNames: names } : {}) };
}

export function urls(verbs: string, paths: string): PolicyRule {
  return { verbs: words(verbs), nonResourceURLs: words(paths) };
}

export const events = rule('create patch update', 'core events.k8s.io', 'events');
