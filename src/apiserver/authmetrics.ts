/** Counts how it is found out who asks, and whether they may, under upstream's names; what is asked on the way (impersonation, reviews) does not count. */
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { StatusError } from '../machinery/status.ts';
import type { Authorizer, Decision, User } from '../serving/identity.ts';
import type { ServingRequest } from '../serving/request.ts';
import type { RequestMetrics } from './metrics.ts';

/** Doubling from a millisecond, 15 of them. */
const buckets = Array.from({ length: 15 }, (_, i) => 2 ** i / 1000);

type Take = (milliseconds: number) => void;

function recorder(metrics: Metrics, attempts: { readonly name: string; readonly help: string }, duration: { readonly name: string; readonly help: string }): (result: string) => Take {
  const counter = metrics.counter({ ...attempts, labels: ['result'] });
  const histogram = metrics.histogram({ ...duration, labels: ['result'], buckets });
  const made = new Map<string, Take>();
  return (result) => {
    let record = made.get(result);
    if (!record) {
      const [count, observe] = [counter.with(result), histogram.with(result)];
      record = (milliseconds) => {
        count(1);
        observe(milliseconds / 1000);
      };
      made.set(result, record);
    }
    return record;
  };
}

type Steps = Pick<RequestMetrics, 'filter'>;

const expiryBuckets = [0, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000, 15_552_000, 31_104_000];

/** How long certificates that were shown still count. */
export function certificateMeter(metrics: Metrics, clock: Clock): (certificate: X509Certificate) => void {
  const observe = metrics.histogram({ name: 'apiserver_client_certificate_expiration_seconds', buckets: expiryBuckets, help: '[ALPHA] Seconds for which client certificates were still valid when they were used.' }).with();
  const ends = new WeakMap<X509Certificate, number>();
  return (certificate) => {
    let end = ends.get(certificate);
    if (end === undefined) ends.set(certificate, (end = certificate.validToDate.getTime()));
    observe((end - clock.now()) / 1000);
  };
}

/** `authenticate` gives undefined for who does not say who they are; they are turned away. */
export function countedAuthentication(metrics: Metrics, clock: Clock, steps: Steps, authenticate: (request: ServingRequest) => Promise<User | undefined>): (request: ServingRequest) => Promise<User> {
  const users = metrics.counter({ name: 'authenticated_user_requests', labels: ['username'], help: '[ALPHA] Requests of known users, by name.' });
  const byUser = new Map<string, (by: number) => void>();
  const record = recorder(
    metrics,
    { name: 'authentication_attempts', help: '[ALPHA] Requests that somebody was to be found for, by result.' },
    { name: 'authentication_duration_seconds', help: '[ALPHA] Seconds that finding out who asks took.' },
  );
  return async (request) => {
    const began = clock.monotonic();
    let user: User | undefined;
    try {
      user = await authenticate(request);
    } catch (error) {
      record('error')(clock.monotonic() - began);
      throw error;
    }
    const took = clock.monotonic() - began;
    record(user ? 'success' : 'failure')(took);
    steps.filter('authentication', took);
    if (!user) throw StatusError.unauthorized();
    const shown = shownName(user.name);
    let count = byUser.get(shown);
    if (!count) byUser.set(shown, (count = users.with(shown)));
    count(1);
    return user;
  };
}

const shownAsTheyAre: ReadonlySet<string> = new Set(['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default']);

/** Names are not to be seen in metrics, nor to make them many. */
function shownName(name: string): string {
  if (shownAsTheyAre.has(name)) return name;
  return name.includes('@') ? 'email_id' : 'other';
}

const results: Readonly<Record<Decision['decision'], string>> = { allow: 'allowed', deny: 'denied', none: 'no-opinion' };

/** Answers at once where `authorize` does. */
export function countedAuthorization(metrics: Metrics, clock: Clock, steps: Steps, authorize: Authorizer): Authorizer {
  const record = recorder(
    metrics,
    { name: 'authorization_attempts_total', help: '[ALPHA] Requests that were judged, by result.' },
    { name: 'authorization_duration_seconds', help: '[ALPHA] Seconds that judging a request took.' },
  );
  const decided = (decision: Decision, began: number): Decision => {
    const took = clock.monotonic() - began;
    record(results[decision.decision])(took);
    steps.filter('authorization', took);
    return decision;
  };
  const failed = (error: unknown, began: number): never => {
    record('error')(clock.monotonic() - began);
    throw error;
  };
  return (attributes) => {
    const began = clock.monotonic();
    const answer = authorize(attributes);
    return answer instanceof Promise ? answer.then((decision) => decided(decision, began), (error: unknown) => failed(error, began)) : decided(answer, began);
  };
}
