/** Whether a flow schema means a request: its rules, made ready to be asked for every request. */
import type { FlowSchemaSpec, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, Subject } from '../../api/flowcontrol/v1/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { User } from '../../serving/identity.ts';
import type { RequestInfo } from '../../serving/requestinfo.ts';

type Test = (user: User, info: RequestInfo) => boolean;

export function matcher(spec: DeepReadonly<FlowSchemaSpec>): Test {
  const rules = (spec.rules ?? []).map(rule);
  if (rules.length === 1) return rules[0]!;
  return (user, info) => rules.some((matches) => matches(user, info));
}

function rule({ subjects, resourceRules = [], nonResourceRules = [] }: DeepReadonly<PolicyRulesWithSubjects>): Test {
  const whom = subjects.map(subject);
  const what = resourceRules.map(resourceRule);
  const where = nonResourceRules.map(pathRule);
  return (user, info) => whom.some((is) => is(user)) && (info.isResource ? what : where).some((matches) => matches(info));
}

const accountPrefix = 'system:serviceaccount:';

function subject({ kind, user, group, serviceAccount }: DeepReadonly<Subject>): (user: User) => boolean {
  if (kind === 'User' && user) return user.name === '*' ? () => true : (who) => who.name === user.name;
  if (kind === 'Group' && group) return group.name === '*' ? () => true : (who) => who.groups.includes(group.name);
  if (kind === 'ServiceAccount' && serviceAccount) {
    const prefix = `${accountPrefix}${serviceAccount.namespace}:`;
    if (serviceAccount.name === '*') return (who) => who.name.startsWith(prefix);
    const full = prefix + serviceAccount.name;
    return (who) => who.name === full;
  }
  return () => false;
}

/** `*` alone stands for everything; among others it is a word like any other. */
function among(list: readonly string[]): (word: string) => boolean {
  if (list.length === 1) {
    const [only] = list as [string];
    return only === '*' ? () => true : (word) => word === only;
  }
  return (word) => list.includes(word);
}

function resourceRule(r: DeepReadonly<ResourcePolicyRule>): (info: RequestInfo) => boolean {
  const verb = among(r.verbs);
  const group = among(r.apiGroups);
  const resource = among(r.resources);
  const namespace = among(r.namespaces);
  return (info) =>
    verb(info.verb) &&
    group(info.group) &&
    resource(info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`) &&
    (info.namespace === '' ? r.clusterScope === true : namespace(info.namespace));
}

function pathRule(r: DeepReadonly<NonResourcePolicyRule>): (info: RequestInfo) => boolean {
  const verb = among(r.verbs);
  const paths = r.nonResourceURLs.map((url) => {
    const start = url.replace(/\*$/, '');
    const prefix = start.endsWith('/') ? start : `${start}/`;
    return (path: string): boolean => url === '*' || url === path || path.startsWith(prefix);
  });
  return (info) => verb(info.verb) && paths.some((matches) => matches(info.path));
}
