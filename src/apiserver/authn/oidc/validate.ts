/** What is wrong with an AuthenticationConfiguration, in upstream's words; and its expressions, compiled. Pure. */
import { X509Certificate } from 'node:crypto';
import { compile, type Program } from '../../../machinery/cel/cel.ts';
import { bool, dyn, listOf, mapOf, string, type CelType } from '../../../machinery/cel/types.ts';
import { duplicate, invalid, required, tooMany } from '../../../machinery/fieldpath.ts';
import type { DeepReadonly } from '../../../machinery/json.ts';
import { subdomainComplaints } from '../../../machinery/names.ts';
import type { FieldError } from '../../../machinery/status.ts';
import type { AuthenticationConfiguration, ClaimMappings, ClaimValidationRule, Issuer, JWTAuthenticator, PrefixedClaimOrExpression } from '../../files/authentication.ts';

/** The expressions of one issuer, compiled. */
export interface Mappings {
  username?: Program;
  groups?: Program;
  uid?: Program;
  readonly extra: { readonly key: string; readonly program: Program }[];
  readonly claimRules: { readonly program: Program; readonly message: string }[];
  readonly userRules: { readonly program: Program; readonly message: string }[];
}

const maxIssuers = 64;
const claims = { claims: mapOf(string, dyn) };
const field = (name: string, type: CelType) => [name, { name, type }] as const;
const user = {
  user: { kind: 'object', name: 'kubernetes.UserInfo', fields: new Map([field('username', string), field('uid', string), field('groups', listOf(string)), field('extra', mapOf(string, listOf(string)))]) } as CelType,
};

export interface Validated {
  readonly errors: readonly FieldError[];
  /** For each issuer, in order. */
  readonly mappings: readonly Mappings[];
}

export function validateAuthentication(config: DeepReadonly<AuthenticationConfiguration>, disallowedIssuers: readonly string[]): Validated {
  const { jwt = [], anonymous } = config;
  if (jwt.length > maxIssuers) return { errors: [tooMany('jwt', jwt.length, maxIssuers)], mappings: [] };
  const errors: FieldError[] = [];
  const seen = { url: new Set<string>(), discoveryURL: new Set<string>() };
  const mappings = jwt.map((one, i) => {
    const at = `jwt[${i}]`;
    const made = validateIssuerAndRules(one, at, disallowedIssuers, errors);
    for (const name of ['url', 'discoveryURL'] as const) {
      const value = one.issuer?.[name] ?? '';
      if (name === 'discoveryURL' && value === '') continue;
      if (seen[name].has(value)) errors.push(duplicate(`${at}.issuer.${name}`, value));
      seen[name].add(value);
    }
    return made;
  });
  if (anonymous && !anonymous.enabled && anonymous.conditions?.length) errors.push(invalid('anonymous.conditions', anonymous.conditions, 'enabled should be set to true when conditions are defined'));
  return { errors, mappings };
}

/** One way to compile, that puts what is wrong where it belongs. */
type Compile = (expression: string, at: string, variables: Readonly<Record<string, CelType>>, result?: CelType) => Program | undefined;

function validateIssuerAndRules(one: DeepReadonly<JWTAuthenticator>, at: string, disallowed: readonly string[], errors: FieldError[]): Mappings {
  const compiled: Compile = (expression, where, variables, result) => {
    const { program, message, issues } = compile(expression, { variables, ...(result ? { result: [result] } : {}) });
    if (!program) errors.push(invalid(where, expression, issues.length > 0 ? `compilation failed: ${message}` : message));
    return program;
  };
  const out: Mappings = { extra: [], claimRules: [], userRules: [] };
  errors.push(...issuerErrors(one.issuer ?? {}, `${at}.issuer`, disallowed));
  claimRules(one.claimValidationRules ?? [], `${at}.claimValidationRules`, errors, compiled, out);
  claimMappings(one.claimMappings ?? {}, `${at}.claimMappings`, errors, compiled, out);
  const known = new Set<string>();
  (one.userValidationRules ?? []).forEach(({ expression = '', message = '' }, i) => {
    const where = `${at}.userValidationRules[${i}].expression`;
    if (expression === '') errors.push(required(where));
    else if (known.has(expression)) errors.push(duplicate(where, expression));
    else {
      known.add(expression);
      const program = compiled(expression, where, user, bool);
      if (program) out.userRules.push({ program, message });
    }
  });
  return out;
}

function issuerErrors(issuer: DeepReadonly<Issuer>, at: string, disallowed: readonly string[]): FieldError[] {
  const { url = '', discoveryURL = '', audiences = [], audienceMatchPolicy = '', certificateAuthority = '', egressSelectorType = '' } = issuer;
  const errors = url === '' ? [required(`${at}.url`)] : urlErrors(url, `${at}.url`, disallowed);
  if (discoveryURL !== '') {
    if (url === discoveryURL) errors.push(invalid(`${at}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL'));
    errors.push(...urlErrors(discoveryURL, `${at}.discoveryURL`, []));
  }
  if (audiences.length === 0) errors.push(required(`${at}.audiences`, `at least one ${at}.audiences is required`));
  audiences.forEach((audience, i) => {
    if (audience === '') errors.push(required(`${at}.audiences[${i}]`));
    if (audiences.indexOf(audience) < i) errors.push(duplicate(`${at}.audiences[${i}]`, audience));
  });
  if (audiences.length > 1 && audienceMatchPolicy !== 'MatchAny') errors.push(invalid(`${at}.audienceMatchPolicy`, audienceMatchPolicy, 'audienceMatchPolicy must be MatchAny for multiple audiences'));
  if (audiences.length === 1 && !['', 'MatchAny'].includes(audienceMatchPolicy)) errors.push(invalid(`${at}.audienceMatchPolicy`, audienceMatchPolicy, 'audienceMatchPolicy must be empty or MatchAny for single audience'));
  if (certificateAuthority !== '' && !isBundle(certificateAuthority)) errors.push(invalid(`${at}.certificateAuthority`, '<omitted>', 'data does not contain any valid RSA or ECDSA certificates'));
  if (egressSelectorType !== '') errors.push(invalid(`${at}.egressSelectorType`, egressSelectorType, 'egress selector is not supported when StructuredAuthenticationConfigurationEgressSelector feature gate is disabled'));
  return errors;
}

function isBundle(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  try {
    return blocks !== null && blocks.every((block) => new X509Certificate(block).subject !== null);
  } catch {
    return false;
  }
}

function urlErrors(text: string, at: string, disallowed: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  if (disallowed.includes(text)) errors.push(invalid(at, text, `URL must not overlap with disallowed issuers: [${[...disallowed].sort().join(' ')}]`));
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:') errors.push(invalid(at, text, 'URL scheme must be https'));
  if (url?.username || url?.password) errors.push(invalid(at, text, 'URL must not contain a username or password'));
  if (url?.search) errors.push(invalid(at, text, 'URL must not contain a query'));
  if (url?.hash) errors.push(invalid(at, text, 'URL must not contain a fragment'));
  return errors;
}

function claimRules(rules: DeepReadonly<ClaimValidationRule[]>, at: string, errors: FieldError[], compiled: Compile, out: Mappings): void {
  const seen = { claim: new Set<string>(), expression: new Set<string>() };
  rules.forEach(({ claim = '', requiredValue = '', expression = '', message = '' }, i) => {
    const where = `${at}[${i}]`;
    if (claim !== '' && expression !== '') errors.push(invalid(where, claim, "claim and expression can't both be set"));
    else if (claim === '' && expression === '') errors.push(required(where, 'claim or expression is required'));
    else if (claim !== '') {
      if (message !== '') errors.push(invalid(`${where}.message`, message, 'may not be specified when claim is set'));
      if (seen.claim.has(claim)) errors.push(duplicate(`${where}.claim`, claim));
      seen.claim.add(claim);
    } else {
      if (requiredValue !== '') errors.push(invalid(`${where}.requiredValue`, requiredValue, 'may not be specified when expression is set'));
      if (seen.expression.has(expression)) return void errors.push(duplicate(`${where}.expression`, expression));
      seen.expression.add(expression);
      const program = compiled(expression, `${where}.expression`, claims, bool);
      if (program) out.claimRules.push({ program, message });
    }
  });
}

function claimMappings({ username = {}, groups = {}, uid = {}, extra = [] }: DeepReadonly<ClaimMappings>, at: string, errors: FieldError[], compiled: Compile, out: Mappings): void {
  const names = prefixed(username, `${at}.username`, true, errors, compiled);
  if (names) out.username = names;
  const memberships = prefixed(groups, `${at}.groups`, false, errors, compiled);
  if (memberships) out.groups = memberships;
  if (uid.claim && uid.expression) errors.push(invalid(`${at}.uid`, '', "claim and expression can't both be set"));
  else if (uid.expression) {
    const program = compiled(uid.expression, `${at}.uid.expression`, claims);
    if (program) out.uid = program;
  }
  const seen = new Set<string>();
  extra.forEach(({ key = '', valueExpression = '' }, i) => {
    const where = `${at}.extra[${i}]`;
    errors.push(...extraKeyErrors(key, `${where}.key`));
    if (seen.has(key)) return void errors.push(duplicate(`${where}.key`, key));
    seen.add(key);
    if (valueExpression === '') return void errors.push(required(`${where}.valueExpression`));
    const program = compiled(valueExpression, `${where}.valueExpression`, claims);
    if (program) out.extra.push({ key, program });
  });
  const verified = [out.username, ...out.extra.map((e) => e.program), ...out.claimRules.map((r) => r.program)].some((program) => program && selects(program.ast, 'email_verified'));
  if (out.username && selects(out.username.ast, 'email') && !verified) {
    errors.push(invalid(`${at}.username.expression`, username.expression,
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression'));
  }
}

function prefixed({ claim, expression, prefix }: DeepReadonly<PrefixedClaimOrExpression>, at: string, needed: boolean, errors: FieldError[], compiled: Compile): Program | undefined {
  if (expression && claim) errors.push(invalid(at, '', "claim and expression can't both be set"));
  else if (expression) {
    if (prefix !== undefined) errors.push(invalid(`${at}.prefix`, prefix, 'may not be specified when expression is set'));
    return compiled(expression, `${at}.expression`, claims);
  } else if (claim) {
    if (prefix === undefined) errors.push(required(`${at}.prefix`, 'prefix is required when claim is set. It can be set to an empty string to disable prefixing'));
  } else if (needed) errors.push(required(at, 'claim or expression is required'));
  return undefined;
}

function extraKeyErrors(key: string, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const slash = key.indexOf('/');
  const [domain, path] = slash < 0 ? ['', ''] : [key.slice(0, slash), key.slice(slash + 1)];
  if (key === '') errors.push(required(at));
  else if (slash < 0 || domain === '' || path === '') errors.push(invalid(at, key, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else errors.push(...subdomainComplaints(domain).map((why) => invalid(at, domain, why)));
  if (key !== key.toLowerCase()) errors.push(invalid(at, key, 'must be lowercase'));
  if (/(^|\.)(kubernetes|k8s)\.io$/.test(domain)) errors.push(invalid(at, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'));
  return errors;
}

/** Whether an expression reads `claims.<name>` anywhere, or `claims.?<name>`. */
function selects(node: unknown, name: string): boolean {
  if (typeof node !== 'object' || node === null) return false;
  if (Array.isArray(node)) return node.some((item) => selects(item, name));
  const { kind, operand, field: selected, args } = node as { kind?: string; operand?: { kind?: string; name?: string }; field?: string; args?: readonly { kind?: string; name?: string; value?: unknown }[] };
  const isClaims = (of: { kind?: string; name?: string } | undefined): boolean => of?.kind === 'ident' && of.name === 'claims';
  if (kind === 'select' && selected === name && isClaims(operand)) return true;
  if (kind === 'call' && args?.length === 2 && isClaims(args[0]) && args[1]?.kind === 'const' && args[1].value === name) return true;
  return Object.values(node).some((item) => selects(item, name));
}
