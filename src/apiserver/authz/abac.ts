/** Attribute-based access: a file with one policy a line. */
import type { RulingAuthorizer } from './chain.ts';
import type { Authorizer, User } from '../../serving/identity.ts';

interface Policy {
  readonly user?: string;
  readonly group?: string;
  readonly readonly?: boolean;
  readonly apiGroup?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly nonResourcePath?: string;
}

const apiVersion = 'abac.authorization.kubernetes.io/v1beta1';
const readVerbs = new Set(['get', 'list', 'watch']);

/** Throws with the line that is none. */
export function readPolicies(text: string, file: string): Policy[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '' || line.trim().startsWith('#')) return [];
    const wrong = (why: string): Error => new Error(`error reading policy file ${file}, line ${i + 1}: ${line}: ${why}`);
    let value: { apiVersion?: string; kind?: string; spec?: Policy } & Policy;
    try {
      value = JSON.parse(line) as typeof value;
    } catch (error) {
      throw wrong((error as Error).message);
    }
    if (value.apiVersion === undefined && value.kind === undefined) return [unversioned(value)];
    if (value.apiVersion !== apiVersion || value.kind !== 'Policy') throw wrong(`no kind ${JSON.stringify(value.kind ?? '')} is registered for version ${JSON.stringify(value.apiVersion ?? '')}`);
    return [anybody(value.spec ?? {})];
  });
}

/** The form of before there were versions: what it leaves out means anything, and everybody means those who are known. */
function unversioned(old: Policy): Policy {
  const { user = '', group = '', readonly = false, resource = '', namespace = '' } = old;
  return anybody({
    ...(user === '' && group === '' ? { group: '*' } : { user, group }), readonly,
    resource: resource || '*', namespace: namespace || '*', apiGroup: '*', ...(resource === '' && namespace === '' ? { nonResourcePath: '*' } : {}),
  });
}

/** A star means those who have proved who they are. */
function anybody(policy: Policy): Policy {
  return policy.user === '*' || policy.group === '*' ? { ...policy, user: '', group: 'system:authenticated' } : policy;
}

export function abacAuthorizer(policies: readonly Policy[]): RulingAuthorizer {
  const authorize: Authorizer = (a) => {
    const readonly = readVerbs.has(a.verb);
    const fits = policies.some((p) => {
      if (!isSubject(p, a.user) || (p.readonly && !readonly)) return false;
      if (!a.isResource) return pathFits(p.nonResourcePath ?? '', a.path);
      const { namespace = '', resource = '', apiGroup = '' } = p;
      return (namespace === '*' || namespace === a.namespace) && (resource === '*' || resource === a.resource) && (apiGroup === '*' || apiGroup === a.group);
    });
    return fits ? { decision: 'allow', reason: '' } : { decision: 'none', reason: 'No policy matched.' };
  };
  return {
    authorize,
    type: 'ABAC', name: 'abac',
    rulesOf: (user, wanted) => ({
      rules: policies.filter((p) => isSubject(p, user) && (p.namespace === '*' || (p.namespace ?? '') === wanted)).flatMap(({ readonly, apiGroup = '', resource, nonResourcePath }) => {
        const verbs = readonly ? [...readVerbs] : ['*'];
        return [...(resource ? [{ verbs, apiGroups: [apiGroup], resources: [resource] }] : []), ...(nonResourcePath ? [{ verbs, nonResourceURLs: [nonResourcePath] }] : [])];
      }),
    }),
  };
}

function isSubject({ user = '', group = '' }: Policy, { name, groups }: User): boolean {
  if (user === '' && group === '') return false;
  return (user === '' || user === name) && (group === '' || groups.includes(group));
}

function pathFits(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.replace(/\*+$/, '')));
}
