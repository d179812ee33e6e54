/** Rules of names, labels, keys and ports. Each check answers with its complaints; none means valid. */

const qualifiedNameFormat = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const labelFormat = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomainFormat = `${labelFormat}(\\.${labelFormat})*`;
const underscoreLabel = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const underscoreSubdomainFormat = `${underscoreLabel}(\\.${underscoreLabel})*`;
const label1035Format = '[a-z]([-a-z0-9]*[a-z0-9])?';
const wildcardFormat = `\\*\\.${subdomainFormat}`;
const percentFormat = '[0-9]+%';
const headerFormat = '[-A-Za-z0-9]+';
const configKeyFormat = '[-._a-zA-Z0-9]+';
const conditionReasonFormat = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?';

const qualifiedNameWords = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const qualifiedName = new RegExp(`^${qualifiedNameFormat}$`);
const labelValue = new RegExp(`^(${qualifiedNameFormat})?$`);
const label = new RegExp(`^${labelFormat}$`);
const subdomain = new RegExp(`^${subdomainFormat}$`);
const underscoreSubdomain = new RegExp(`^${underscoreSubdomainFormat}$`);
const label1035 = new RegExp(`^${label1035Format}$`);
const wildcard = new RegExp(`^${wildcardFormat}$`);
const percent = new RegExp(`^${percentFormat}$`);
const header = new RegExp(`^${headerFormat}$`);
const configKey = new RegExp(`^${configKeyFormat}$`);
const conditionReason = new RegExp(`^${conditionReasonFormat}$`);
const httpPath = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

type Complaints = string[];

export function maxLength(length: number): string {
  return `must be no more than ${length} characters`;
}

export function inclusiveRange(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

export function regexComplaint(words: string, format: string, ...examples: string[]): string {
  if (examples.length === 0) return `${words} (regex used for validation is '${format}')`;
  return `${words} (e.g. ${examples.map((e) => `'${e}', `).join(' or ')}regex used for validation is '${format}')`;
}

function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}

/** `example.com/MyName` or `MyName`: keys of labels, annotations, finalizers, resources. */
export function qualifiedNameComplaints(value: string): Complaints {
  const parts = value.split('/');
  const complaints: Complaints = [];
  if (parts.length > 2) {
    return [`a qualified name ${regexComplaint(qualifiedNameWords, qualifiedNameFormat, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const name = parts.at(-1)!;
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === '') complaints.push('prefix part must be non-empty');
    else complaints.push(...subdomainComplaints(prefix).map((c) => `prefix part ${c}`));
  }
  if (name === '') complaints.push('name part must be non-empty');
  else if (utf8Length(name) > 63) complaints.push(`name part ${maxLength(63)}`);
  if (!qualifiedName.test(name)) complaints.push(`name part ${regexComplaint(qualifiedNameWords, qualifiedNameFormat, 'MyName', 'my.name', '123-abc')}`);
  return complaints;
}

export function labelValueComplaints(value: string): Complaints {
  const complaints: Complaints = [];
  if (utf8Length(value) > 63) complaints.push(maxLength(63));
  if (!labelValue.test(value)) {
    complaints.push(regexComplaint(`a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`, `(${qualifiedNameFormat})?`, 'MyValue', 'my_value', '12345'));
  }
  return complaints;
}

/** RFC 1123 label. */
export function labelComplaints(value: string): Complaints {
  const complaints: Complaints = [];
  if (utf8Length(value) > 63) complaints.push(maxLength(63));
  if (!label.test(value)) {
    if (subdomain.test(value)) complaints.push('must not contain dots');
    else complaints.push(regexComplaint("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character", labelFormat, 'my-name', '123-abc'));
  }
  return complaints;
}

/** RFC 1123 subdomain. */
export function subdomainComplaints(value: string): Complaints {
  const complaints: Complaints = [];
  if (utf8Length(value) > 253) complaints.push(maxLength(253));
  if (!subdomain.test(value)) {
    complaints.push(regexComplaint("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character", subdomainFormat, 'example.com'));
  }
  return complaints;
}

export function underscoreSubdomainComplaints(value: string): Complaints {
  const complaints: Complaints = [];
  if (utf8Length(value) > 253) complaints.push(maxLength(253));
  if (!underscoreSubdomain.test(value)) {
    complaints.push(regexComplaint("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character", underscoreSubdomainFormat, 'example.com'));
  }
  return complaints;
}

/** RFC 1035 label, as services and namespaces' DNS names need. */
export function label1035Complaints(value: string): Complaints {
  const complaints: Complaints = [];
  if (utf8Length(value) > 63) complaints.push(maxLength(63));
  if (!label1035.test(value)) {
    complaints.push(regexComplaint("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character", label1035Format, 'my-name', 'abc-123'));
  }
  return complaints;
}

export function wildcardSubdomainComplaints(value: string): Complaints {
  const complaints: Complaints = [];
  if (utf8Length(value) > 253) complaints.push(maxLength(253));
  if (!wildcard.test(value)) {
    complaints.push(regexComplaint("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character", wildcardFormat, '*.example.com'));
  }
  return complaints;
}

export function portNumberComplaints(port: number): Complaints {
  return port >= 1 && port <= 65535 ? [] : [inclusiveRange(1, 65535)];
}

/** IANA service name: at most 15 of a-z, 0-9 and single hyphens, one letter at least. */
export function portNameComplaints(name: string): Complaints {
  const complaints: Complaints = [];
  if (name.length > 15) complaints.push(maxLength(15));
  if (!/^[-a-z0-9]+$/.test(name)) complaints.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) complaints.push('must contain at least one letter (a-z)');
  if (name.includes('--')) complaints.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) complaints.push('must not begin or end with a hyphen');
  return complaints;
}

export function percentComplaints(value: string): Complaints {
  return percent.test(value) ? [] : [regexComplaint("a valid percent string must be a numeric string followed by an ending '%'", percentFormat, '1%', '93%')];
}

export function httpHeaderComplaints(name: string): Complaints {
  return header.test(name) ? [] : [regexComplaint("a valid HTTP header must consist of alphanumeric characters or '-'", headerFormat, 'X-Header-Name')];
}

/** Printable ASCII without `=`. */
export function envNameComplaints(name: string): Complaints {
  const complaints: Complaints = [];
  if (name === '') complaints.push('environment variable name must be non-empty');
  if (!/^[\x20-\x3c\x3e-\x7e]*$/.test(name)) complaints.push("a valid environment variable name must consist only of printable ASCII characters other than '='");
  return complaints;
}

function parentPathComplaints(value: string): Complaints {
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

/** Keys of ConfigMaps and Secrets. */
export function configKeyComplaints(key: string): Complaints {
  const complaints: Complaints = [];
  if (utf8Length(key) > 253) complaints.push(maxLength(253));
  if (!configKey.test(key)) complaints.push(regexComplaint("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", configKeyFormat, 'key.name', 'KEY_NAME', 'key-name'));
  complaints.push(...parentPathComplaints(key));
  return complaints;
}

export function conditionReasonComplaints(reason: string): Complaints {
  if (conditionReason.test(reason)) return [];
  return [regexComplaint("a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'", conditionReasonFormat, 'my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB')];
}

export function isHttpPath(path: string): boolean {
  return httpPath.test(path);
}

/** How metadata.name of a kind is checked; `prefix` for generateName. */
export type NameRule = (name: string, prefix: boolean) => string[];

function masked(name: string, prefix: boolean): string {
  return prefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

export const nameIsSubdomain: NameRule = (name, prefix) => subdomainComplaints(masked(name, prefix));
export const nameIsLabel: NameRule = (name, prefix) => labelComplaints(masked(name, prefix));
export const nameIsLabel1035: NameRule = (name, prefix) => label1035Complaints(masked(name, prefix));
/** Whatever may stand between two slashes of a path: names of RBAC kinds. */
export const nameIsPathSegment: NameRule = (name, prefix) => {
  if (!prefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  return ['/', '%'].filter((illegal) => name.includes(illegal)).map((illegal) => `may not contain '${illegal}'`);
};

/** What is said of the first character of a text that cannot be printed; undefined where all can. */
export function unprintable(text: string): string | undefined {
  const found = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text);
  return found ? `invalid character U+${found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} (at position ${found.index})` : undefined;
}
