/** Role-based authorization: bindings and roles followed in the watch cache, found by the subject that asks. */
import type { PolicyRule, RoleRef, Subject } from '../../api/rbac/v1/types.ts';
import type { Logger } from '../../base/log.ts';
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { DeepReadonly } from '../../machinery/json.ts';
import type { Authorizer, User } from '../../serving/identity.ts';
import { splitServiceAccount } from '../authn/impersonation.ts';
import type { ReadonlyObject } from '../objects.ts';
import type { Storage } from '../registry/storage.ts';
import { ruleAllows } from './rules.ts';

type Rule = DeepReadonly<PolicyRule>;

interface RoleObject extends ReadonlyObject {
  readonly rules?: readonly Rule[];
}

interface BindingObject extends ReadonlyObject {
  readonly subjects?: readonly Subject[];
  readonly roleRef: RoleRef;
}

export type PolicyKind = 'roles' | 'clusterroles' | 'rolebindings' | 'clusterrolebindings';

/** A rule with the words that say where it comes from. */
interface Grant {
  readonly rule: Rule;
  readonly binding: BindingObject;
  readonly subject: Subject;
}

interface Grants {
  readonly everywhere: readonly Grant[];
  readonly byNamespace: ReadonlyMap<string, readonly Grant[]>;
  readonly problems: readonly string[];
}

const rememberedUsers = 2048;
const retryMs = 200;

export class Rbac {
  readonly #objects: Readonly<Record<PolicyKind, Map<string, ReadonlyObject>>> = { roles: new Map(), clusterroles: new Map(), rolebindings: new Map(), clusterrolebindings: new Map() };
  /** What follows from all of them for one user; thrown away when any of them changes. */
  #grants = new Map<string, Grants>();
  readonly #stop = new AbortController();
  /** Up to which revision each kind has been taken in. */
  readonly #seen: Record<PolicyKind, number> = { roles: 0, clusterroles: 0, rolebindings: 0, clusterrolebindings: 0 };
  #moved = Promise.withResolvers<void>();

  /** Starts to follow; resolves when the present state is known. */
  async start(storages: Readonly<Record<PolicyKind, Storage>>, clock: Clock, log: Logger): Promise<void> {
    await Promise.all((Object.keys(storages) as PolicyKind[]).map((kind) => this.#follow(kind, storages[kind], clock, log)));
  }

  close(): void {
    this.#stop.abort();
    this.#moved.resolve();
  }

  /** Resolves when all that the storages have by now counts: events of it come a little after the writes are answered. */
  async caughtUp(storages: Readonly<Record<PolicyKind, Storage>>): Promise<void> {
    for (const kind of Object.keys(storages) as PolicyKind[]) {
      const { items } = await storages[kind].cacher.list();
      const newest = items.reduce((most, item) => Math.max(most, item.revision), 0);
      while (this.#seen[kind] < newest && !this.#stop.signal.aborted) await this.#moved.promise;
    }
  }

  #took(kind: PolicyKind, revision: number): void {
    this.#seen[kind] = Math.max(this.#seen[kind], revision);
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
  }

  #follow(kind: PolicyKind, storage: Storage, clock: Clock, log: Logger): Promise<void> {
    const objects = this.#objects[kind];
    return new Promise((synced) => {
      const run = async (): Promise<void> => {
        while (!this.#stop.signal.aborted) {
          try {
            // Each round starts over: what is no longer there must go as well.
            let fresh: Set<string> | undefined = new Set();
            for await (const batch of await storage.cacher.watch({ from: 'state', initialEventsEnd: true, signal: this.#stop.signal })) {
              for (const event of batch) {
                if (event.type === 'BOOKMARK') {
                  if (!event.initialEventsEnd) continue;
                  for (const key of objects.keys()) if (!fresh?.has(key)) objects.delete(key);
                  fresh = undefined;
                  synced();
                } else if (event.type === 'DELETED') objects.delete(nameOf(event.item.attributes));
                else {
                  const name = nameOf(event.item.attributes);
                  objects.set(name, event.item.object);
                  fresh?.add(name);
                }
              }
              this.#grants = new Map();
              this.#took(kind, batch.reduce((most, event) => Math.max(most, event.revision), 0));
            }
          } catch (error) {
            if (isAbort(error, this.#stop.signal)) return;
            log.error('Following policy failed', error, { kind });
          }
          await clock.sleep(retryMs, this.#stop.signal).catch(() => {});
        }
      };
      void run();
    });
  }

  readonly authorize: Authorizer = (a) => {
    const grants = this.#grantsOf(a.user);
    const allowed = grants.everywhere.find((g) => ruleAllows(g.rule, a)) ?? (a.namespace !== '' ? grants.byNamespace.get(a.namespace)?.find((g) => ruleAllows(g.rule, a)) : undefined);
    if (allowed) return { decision: 'allow', reason: describe(allowed) };
    return { decision: 'none', reason: grants.problems.length > 0 ? `RBAC: ${grants.problems.join(', ')}` : '' };
  };

  /** All rules that a user has in a namespace (with those of the whole cluster). */
  rulesOf(user: User, namespace: string): Rule[] {
    const grants = this.#grantsOf(user);
    return [...grants.everywhere, ...(grants.byNamespace.get(namespace) ?? [])].map((g) => g.rule);
  }

  /** The rules behind a roleRef; undefined when there is no such role. */
  rulesOfRole(ref: RoleRef, namespace: string): readonly Rule[] | undefined {
    const role = ref.kind === 'ClusterRole' ? this.#objects.clusterroles.get(`/${ref.name}`) : this.#objects.roles.get(`${namespace}/${ref.name}`);
    return role && ((role as RoleObject).rules ?? []);
  }

  #grantsOf(user: User): Grants {
    const key = `${user.name}\u0000${user.groups.join('\u0001')}`;
    let grants = this.#grants.get(key);
    if (!grants) {
      if (this.#grants.size >= rememberedUsers) this.#grants.delete(this.#grants.keys().next().value!);
      this.#grants.set(key, (grants = this.#collect(user)));
    }
    return grants;
  }

  #collect(user: User): Grants {
    const everywhere: Grant[] = [];
    const byNamespace = new Map<string, Grant[]>();
    const problems: string[] = [];
    const account = splitServiceAccount(user.name);
    const take = (binding: BindingObject, namespace: string, into: () => Grant[]): void => {
      const subject = binding.subjects?.find((s) => matches(s, user, account, namespace));
      if (!subject) return;
      const rules = this.rulesOfRole(binding.roleRef, namespace);
      if (!rules) problems.push(`${binding.roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io ${JSON.stringify(binding.roleRef.name)} not found`);
      else for (const rule of rules) into().push({ rule, binding, subject });
    };
    for (const binding of this.#objects.clusterrolebindings.values()) take(binding as BindingObject, '', () => everywhere);
    for (const binding of this.#objects.rolebindings.values()) {
      const namespace = binding.metadata.namespace ?? '';
      take(binding as BindingObject, namespace, () => {
        let list = byNamespace.get(namespace);
        if (!list) byNamespace.set(namespace, (list = []));
        return list;
      });
    }
    return { everywhere, byNamespace, problems };
  }
}

function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

function matches(subject: Subject, user: User, account: { namespace: string; name: string } | undefined, namespace: string): boolean {
  switch (subject.kind) {
    case 'User':
      return subject.name === user.name;
    case 'Group':
      return user.groups.includes(subject.name);
    case 'ServiceAccount':
      return account !== undefined && account.name === subject.name && account.namespace === (subject.namespace ?? namespace);
    default:
      return false;
  }
}

function describe({ binding, subject }: Grant): string {
  const { namespace, name } = binding.metadata;
  const full = namespace ? `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}` : `ClusterRoleBinding ${JSON.stringify(name)}`;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace}` : subject.name;
  return `RBAC: allowed by ${full} of ${binding.roleRef.kind} ${JSON.stringify(binding.roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`;
}

