/** The claims of a verified token to a user, as the configuration of its issuer says. Pure. */
import { toJson } from '../../../machinery/cel/adapt.ts';
import { evaluate, type Program } from '../../../machinery/cel/cel.ts';
import { CelError, type CelValue } from '../../../machinery/cel/values.ts';
import type { DeepReadonly, JsonObject } from '../../../machinery/json.ts';
import type { User } from '../../../serving/identity.ts';
import type { JWTAuthenticator } from '../../files/authentication.ts';
import type { Mappings } from './validate.ts';

/** Throws with upstream's words. */
export function userOfClaims(claims: JsonObject, { claimMappings = {}, claimValidationRules = [] }: DeepReadonly<JWTAuthenticator>, mappings: Mappings): User {
  const { username = {}, groups = {}, uid = {} } = claimMappings;
  const name = mappings.username ? nameOf(run(mappings.username, claims, 'username claim')) : claimedName(claims, username.claim ?? '', username.prefix ?? '');
  const memberships = groups.claim && claims[groups.claim] !== undefined
    ? listOf(claims[groups.claim], () => new Error(`oidc: parse groups claim ${JSON.stringify(groups.claim)}: json: cannot unmarshal ${kindOf(claims[groups.claim!])} into Go value of type string`)).map((g) => (groups.prefix ?? '') + g)
    : mappings.groups ? strings(run(mappings.groups, claims, 'group claim'), 'group claim expression') : [];
  const id = uid.claim ? text(claims, uid.claim, `oidc: parse uid claim ${JSON.stringify(uid.claim)}`) : mappings.uid ? uidOf(run(mappings.uid, claims, 'uid claim')) : '';
  const extra: Record<string, string[]> = {};
  if (typeof claims['jti'] === 'string' && claims['jti'] !== '') extra['authentication.kubernetes.io/credential-id'] = [`JTI=${claims['jti']}`];
  for (const { key, program } of mappings.extra) {
    const values = strings(run(program, claims, 'extra claim'), `extra claim expression: ${program.source}`);
    if (values.length > 0) extra[key] = values;
  }
  for (const { claim, requiredValue = '' } of claimValidationRules) {
    if (!claim) continue;
    if (claims[claim] === undefined) throw new Error(`oidc: required claim ${claim} not present in ID token`);
    const value = text(claims, claim, `oidc: parse claim ${claim}`);
    if (value !== requiredValue) throw new Error(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${requiredValue}`);
  }
  demand(mappings.claimRules, { claims }, 'claim validation expression');
  const user: User = { name, groups: memberships, ...(id ? { uid: id } : {}), ...(Object.keys(extra).length > 0 ? { extra } : {}) };
  demand(mappings.userRules, { user: { username: name, uid: id, groups: memberships, extra } }, 'user info validation rule');
  return user;
}

function run(program: Program, claims: JsonObject, what: string): CelValue {
  const { value } = evaluate(program, { claims: { json: claims } });
  if (value instanceof CelError) throw new Error(`oidc: error evaluating ${what} expression: expression '${program.source}' resulted in error: ${value.message}`);
  return value;
}

function nameOf(value: CelValue): string {
  if (typeof value !== 'string') throw new Error('oidc: error evaluating username claim expression: username claim expression must return a string');
  if (value === '') throw new Error('oidc: empty username via CEL expression is not allowed');
  return value;
}

function uidOf(value: CelValue): string {
  if (typeof value !== 'string') throw new Error('oidc: error evaluating uid claim expression: uid claim expression must return a string');
  return value;
}

function claimedName(claims: JsonObject, claim: string, prefix: string): string {
  const name = text(claims, claim, `oidc: parse username claims ${JSON.stringify(claim)}`);
  // Issuers that do not check addresses of mail say so, or say nothing.
  if (claim === 'email' && claims['email_verified'] !== undefined) {
    if (typeof claims['email_verified'] !== 'boolean') throw new Error(`oidc: parse 'email_verified' claim: json: cannot unmarshal ${kindOf(claims['email_verified'])} into Go value of type bool`);
    if (!claims['email_verified']) throw new Error('oidc: email not verified');
  }
  return prefix + name;
}

function text(claims: JsonObject, claim: string, what: string): string {
  const value = claims[claim];
  if (value === undefined) throw new Error(`${what}: claim not present`);
  if (typeof value !== 'string') throw new Error(`${what}: json: cannot unmarshal ${kindOf(value)} into Go value of type string`);
  return value;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value;
}

/** A text alone stands for a list of one. */
function listOf(value: unknown, wrong: () => Error): string[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw wrong();
  return value;
}

function strings(value: CelValue, what: string): string[] {
  const json = toJson(value);
  if (json === null) return [];
  return listOf(json, () => new Error(`oidc: error evaluating ${what}: expression must return a string or a list of strings`)).filter((item) => item !== '');
}

function demand(rules: Mappings['claimRules'], bindings: JsonObject, what: string): void {
  for (const { program, message } of rules) {
    const { value } = evaluate(program, Object.fromEntries(Object.entries(bindings).map(([name, json]) => [name, { json }])));
    if (value instanceof CelError) throw new Error(`oidc: error evaluating ${what}: expression '${program.source}' resulted in error: ${value.message}`);
    if (value !== true) throw new Error(`oidc: error evaluating ${what}: validation expression '${program.source}' failed${message ? `: ${message}` : ''}`);
  }
}
