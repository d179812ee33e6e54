/** The expressions of admission policies and webhooks: what they may name, what they have to give, and how they are compiled. */
import { compile, type Program } from '../../machinery/cel/cel.ts';
import { kubernetesFunctions, mutationFunctions } from '../../machinery/cel/environment.ts';
import { bool, dyn, int, listOf, mapOf, opaque, string, timestamp, typeText, type CelType, type ObjectType } from '../../machinery/cel/types.ts';

function object(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  return { kind: 'object', name, fields: new Map(Object.entries(fields).map(([key, type]) => [key, { name: key, type }])) };
}

const strings = listOf(string);
const groupVersionKind = object('kubernetes.GroupVersionKind', { group: string, version: string, kind: string });
const groupVersionResource = object('kubernetes.GroupVersionResource', { group: string, version: string, resource: string });

/** `object` and `oldObject` are variables of their own, and nobody needs the uid of a review that is not sent. */
export const requestType = object('kubernetes.AdmissionRequest', {
  kind: groupVersionKind, resource: groupVersionResource, subResource: string,
  requestKind: groupVersionKind, requestResource: groupVersionResource, requestSubResource: string,
  name: string, namespace: string, operation: string, dryRun: bool, options: dyn,
  userInfo: object('kubernetes.UserInfo', { username: string, uid: string, groups: strings, extra: mapOf(string, strings) }),
});

const texts = mapOf(string, string);

export const namespaceType = object('kubernetes.Namespace', {
  metadata: object('kubernetes.NamespaceMetadata', {
    name: string, generateName: string, namespace: string, labels: texts, annotations: texts, UID: string, creationTimestamp: timestamp,
    deletionGracePeriodSeconds: int, deletionTimestamp: timestamp, generation: int, resourceVersion: string, finalizers: strings,
  }),
  spec: object('kubernetes.NamespaceSpec', { finalizers: strings }),
  status: object('kubernetes.NamespaceStatus', {
    conditions: listOf(object('kubernetes.NamespaceCondition', { status: string, type: string, lastTransitionTime: timestamp, message: string, reason: string })),
    phase: string,
  }),
});

const patchType = object('JSONPatch', { op: string, path: string, from: string, value: dyn });

/** `Object` and `Object.path.to.field`: what an expression builds has any fields; it is held against the schema when it is merged. */
function mutationType(name: string): ObjectType | undefined {
  if (name === 'JSONPatch') return patchType;
  return name === 'Object' || name.startsWith('Object.') ? { kind: 'object', name, fields: new Map(), open: true } : undefined;
}

export interface Compiled {
  readonly source: string;
  readonly type: CelType;
  readonly program?: Program;
  /** Why there is no program, in the words that clients get. */
  readonly error?: string;
}

/** What an expression is for decides what it may give. */
export type Purpose = 'condition' | 'message' | 'annotation' | 'variable' | 'applyConfiguration' | 'jsonPatch';

const wanted: Readonly<Record<Purpose, { readonly types: readonly string[]; readonly words: string }>> = {
  condition: { types: ['bool'], words: 'bool' },
  message: { types: ['string'], words: 'string' },
  annotation: { types: ['string', 'null'], words: 'one of [string null_type]' },
  variable: { types: [], words: '' },
  applyConfiguration: { types: ['Object'], words: 'Object' },
  jsonPatch: { types: ['list(JSONPatch)'], words: 'list(JSONPatch)' },
};

export interface CompilerOptions {
  readonly params: boolean;
  /** Absent: dyn; known where a policy is held against the types that it is for. */
  readonly object?: CelType;
  readonly paramsType?: CelType;
  /** Whatever the expression gives is right. */
  readonly anyResult?: boolean;
  /** `variables` is there before any was declared. */
  readonly composed?: boolean;
}

export interface Compiler {
  compile(source: string, purpose: Purpose): Compiled;
  /** What later expressions find as `variables.name`. */
  declare(name: string, source: string): Compiled;
}

/** The variable `variables` is there once one was declared, unless it always is. */
export function compilerOf({ params, object: objectType = dyn, paramsType = dyn, anyResult = false, composed: always = false }: CompilerOptions): Compiler {
  const declared = new Map<string, { name: string; type: CelType }>();
  let composed = always;
  const plain: Record<string, CelType> = {
    object: objectType, oldObject: objectType, request: requestType, namespaceObject: namespaceType, ...(params ? { params: paramsType } : {}),
  };
  const authorizer = { authorizer: opaque('kubernetes.authorization.Authorizer'), 'authorizer.requestResource': opaque('kubernetes.authorization.ResourceCheck') };
  const compileOne = (source: string, purpose: Purpose): Compiled => {
    const mutates = purpose === 'applyConfiguration' || purpose === 'jsonPatch';
    const { program, message } = compile(source, {
      variables: {
        ...plain, ...(purpose === 'message' ? {} : authorizer),
        ...(composed ? { variables: { kind: 'object', name: 'kubernetes.variables', fields: declared } } : {}),
      },
      functions: mutates ? mutationFunctions : kubernetesFunctions,
      ...(mutates ? { types: mutationType } : {}),
    });
    if (!program) return { source, type: dyn, error: `compilation failed: ${message}` };
    const { types, words } = wanted[purpose];
    const found = typeText(program.type);
    if (!anyResult && types.length > 0 && !types.includes(found)) return { source, type: program.type, error: `must evaluate to ${words} but got ${found}` };
    return { source, type: program.type, program };
  };
  return {
    compile: compileOne,
    declare(name, source) {
      composed = true;
      const compiled = compileOne(source, 'variable');
      declared.set(name, { name, type: simpleType(compiled.error === undefined ? compiled.type : dyn) });
      return compiled;
    },
  };
}

/** Of a variable's type only what is built from simple types is known to those who use it. */
function simpleType(type: CelType): CelType {
  switch (type.kind) {
    case 'object':
    case 'opaque':
    case 'type':
    case 'param':
      return dyn;
    case 'list':
      return listOf(simpleType(type.elem));
    case 'map':
      return mapOf(simpleType(type.key), simpleType(type.value));
    default:
      return type;
  }
}
