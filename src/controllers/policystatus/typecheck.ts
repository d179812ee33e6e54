/** Holds a policy's validations against the types that it is for. What does not fit is a warning: the policy works as far as it can. */
import type { RuleWithOperations, ValidatingAdmissionPolicy } from '../../api/admissionregistration/v1/types.ts';
import { compilerOf } from '../../api/admissionregistration/expressions.ts';
import type { CelType } from '../../machinery/cel/types.ts';
import type { DeepReadonly } from '../../machinery/json.ts';

type Policy = DeepReadonly<ValidatingAdmissionPolicy>;

export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What is known of types; undefined where nothing is. */
export interface Types {
  kindOf(group: string, version: string, resource: string): Promise<Kind | undefined>;
  typeOf(kind: Kind): Promise<CelType | undefined>;
}

const mostTypes = 10;
const failed = 'compilation failed: ';

/** The kinds that the rules name one by one, without wildcards and subresources. */
async function kindsOf(policy: Policy, types: Types): Promise<Kind[]> {
  const found = new Map<string, Kind>();
  for (const rule of policy.spec?.matchConstraints?.resourceRules ?? []) {
    for (const [group, version, resource] of named(rule)) {
      const kind = await types.kindOf(group, version, resource);
      if (kind) found.set(`${kind.group}\u0000${kind.version}\u0000${kind.kind}`, kind);
      if (found.size === mostTypes) break;
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
}

function named({ apiGroups = [], apiVersions = [], resources = [] }: DeepReadonly<Pick<RuleWithOperations, 'apiGroups' | 'apiVersions' | 'resources'>>): [string, string, string][] {
  if ([...apiGroups, ...apiVersions].some((text) => text.includes('*'))) return [];
  const plain = resources.filter((text) => !/[*/]/.test(text)).sort();
  return [...apiGroups].sort().flatMap((group) => [...apiVersions].sort().flatMap((version) => plain.map((resource): [string, string, string] => [group, version, resource])));
}

export interface Warning {
  readonly fieldRef: string;
  readonly warning: string;
}

export async function typeWarnings(policy: Policy, types: Types): Promise<Warning[]> {
  const kinds = await Promise.all((await kindsOf(policy, types)).map(async (kind) => ({ kind, type: await types.typeOf(kind) })));
  const { paramKind, variables = [], validations = [] } = policy.spec ?? {};
  const [group, version] = paramKind ? apart(paramKind.apiVersion ?? '') : ['', ''];
  const paramsType = paramKind && (await types.typeOf({ group, version, kind: paramKind.kind ?? '' }));
  const compilers = kinds.filter(({ type }) => type !== undefined).map(({ kind, type }) => {
    const compiler = compilerOf({ params: paramsType !== undefined, ...(paramsType ? { paramsType } : {}), object: type!, anyResult: true, composed: true });
    for (const { name, expression } of variables) compiler.declare(name, expression);
    return { kind, compiler };
  });
  const check = (expression: string): string => compilers.flatMap(({ kind, compiler }) => {
    const { error } = compiler.compile(expression, 'condition');
    return error === undefined ? [] : [`${shown(kind)}: ${error.startsWith(failed) ? error.slice(failed.length) : error}\n`];
  }).join('\n');
  return validations.flatMap(({ expression, messageExpression }, i) => [
    { fieldRef: `spec.validations[${i}].expression`, warning: check(expression) },
    ...(messageExpression ? [{ fieldRef: `spec.validations[${i}].messageExpression`, warning: check(messageExpression) }] : []),
  ]).filter(({ warning }) => warning !== '');
}

const shown = ({ group, version, kind }: Kind): string => `${group}/${version}, Kind=${kind}`;

function apart(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}
