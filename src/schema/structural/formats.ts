/** Formats of texts that schemas may ask for; others count for nothing. */
import { labelComplaints, subdomainComplaints } from '../../machinery/names.ts';

const uuid = (version: string, variant = '[0-9a-f]'): RegExp => new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i');
const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;

function isIpv6(text: string): boolean {
  return text.includes(':') && !text.includes('%') && URL.canParse(`http://[${text}]/`);
}

function isCidr(text: string): boolean {
  const m = /^([^/]+)\/(\d{1,3})$/.exec(text);
  if (!m) return false;
  return ipv4.test(m[1]!) ? Number(m[2]) <= 32 : isIpv6(m[1]!) && Number(m[2]) <= 128;
}

function isDate(text: string): boolean {
  const m = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!m) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.getUTCDate() === Number(m[3]);
}

function isDateTime(text: string): boolean {
  const m = /^(\d{4}-\d\d-\d\d)[tT ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([zZ]|[+-]\d\d:?\d\d)$/.exec(text);
  return m !== null && isDate(m[1]!);
}

/** Names of one label, or such as end in letters. */
const hostnames = /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.))+([a-zA-Z\p{L}]){2,63})$/u;

function isHostname(text: string): boolean {
  return text.length <= 255 && hostnames.test(text) && text.split('.').every((label) => label.length <= 63);
}

const isbn10 = (text: string): boolean => /^(?:\d{9}X|\d{10})$/.test(text.replace(/[\s-]/g, '')) && [...text.replace(/[\s-]/g, '')].reduce((sum, c, i) => sum + (c === 'X' ? 10 : Number(c)) * (10 - i), 0) % 11 === 0;
const isbn13 = (text: string): boolean => /^\d{13}$/.test(text.replace(/[\s-]/g, '')) && [...text.replace(/[\s-]/g, '')].reduce((sum, c, i) => sum + Number(c) * (i % 2 ? 3 : 1), 0) % 10 === 0;
const matches = (pattern: RegExp) => (text: string): boolean => pattern.test(text);

/** By normalised name: dashes do not count. */
const formats: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: matches(/^[0-9a-fA-F]{24}$/),
  uri: (text) => /^(\/|[a-zA-Z][a-zA-Z0-9+.-]*:)/.test(text) && !/[\s\x00-\x1f\x7f]/.test(text) && !/%(?![0-9a-fA-F]{2})/.test(text),
  email: matches(/^(?:"?[^"<>]*"?\s*<)?[^\s@<>]+@[^\s@<>]+>?$/),
  hostname: isHostname,
  ipv4: matches(ipv4),
  ipv6: isIpv6,
  cidr: isCidr,
  mac: matches(/^(?:[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}(?:[0-9a-fA-F]{2}|[0-9a-fA-F]{2}\1[0-9a-fA-F]{2}\1[0-9a-fA-F]{2})|(?:[0-9a-fA-F]{4}\.){2,3}[0-9a-fA-F]{4})$/),
  uuid: matches(uuid('[0-9a-f]')),
  uuid3: matches(uuid('3')),
  uuid4: matches(uuid('4', '[89ab]')),
  uuid5: matches(uuid('5', '[89ab]')),
  isbn: (text) => isbn10(text) || isbn13(text),
  isbn10,
  isbn13,
  creditcard: (text) => /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/.test(text.replace(/\D/g, '')),
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: matches(/^rgb\(\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$/),
  byte: matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  password: () => true,
  date: isDate,
  duration: matches(/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*(?:ns|us|µs|μs|ms|s|m|h|nanos?(?:econds?)?|micros?(?:econds?)?|millis?(?:econds?)?|secs?|seconds?|mins?|minutes?|hrs?|hours?|d|days?|w|wks?|weeks?)(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))*$/),
  datetime: isDateTime,
  k8sshortname: (text) => labelComplaints(text).length === 0,
  k8slongname: (text) => subdomainComplaints(text).length === 0,
};

/** Whether a text has the format; undefined: nobody knows the format. */
export function hasFormat(format: string, text: string): boolean | undefined {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(formats, name) ? formats[name]!(text) : undefined;
}
