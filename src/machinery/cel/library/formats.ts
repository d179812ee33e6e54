import { labelValueComplaints, nameIsLabel, nameIsLabel1035, nameIsSubdomain, qualifiedNameComplaints } from '../../names.ts';
import type { Overload } from '../functions.ts';
import { define, method } from '../functions.ts';
import { CelList, CelOpaque, CelOptional } from '../values.ts';
import { readTimestamp } from './time.ts';
import { urlComplaint } from './url.ts';

type Complain = (text: string) => readonly string[];

class Format extends CelOpaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  readonly complain: Complain;
  readonly #regexSize: number;

  constructor(name: string, regexSize: number, complain: Complain) {
    super();
    this.name = name;
    this.complain = complain;
    this.#regexSize = regexSize;
  }

  equals(other: Format): boolean {
    return this.name === other.name;
  }

  /** As long as the expression that upstream takes it for. */
  override size(): number {
    return this.#regexSize;
  }
}

function unless(complaint: string, holds: (text: string) => boolean): Complain {
  return (text) => (holds(text) ? [] : [complaint]);
}

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const formats: Readonly<Record<string, Format>> = {
  dns1123Label: new Format('DNS1123Label', 30, (text) => nameIsLabel(text, false)),
  dns1123Subdomain: new Format('DNS1123Subdomain', 60, (text) => nameIsSubdomain(text, false)),
  dns1035Label: new Format('DNS1035Label', 30, (text) => nameIsLabel1035(text, false)),
  qualifiedName: new Format('QualifiedName', 60, qualifiedNameComplaints),
  dns1123LabelPrefix: new Format('DNS1123LabelPrefix', 30, (text) => nameIsLabel(text, true)),
  dns1123SubdomainPrefix: new Format('DNS1123SubdomainPrefix', 60, (text) => nameIsSubdomain(text, true)),
  dns1035LabelPrefix: new Format('DNS1035LabelPrefix', 30, (text) => nameIsLabel1035(text, true)),
  labelValue: new Format('LabelValue', 40, labelValueComplaints),
  uri: new Format('URI', 1103, (text) => [urlComplaint(text)].filter((complaint) => complaint !== undefined)),
  uuid: new Format('uuid', 82, unless('does not match the UUID format', (text) => uuid.test(text))),
  byte: new Format('byte', 84, unless('invalid base64', (text) => base64.test(text))),
  date: new Format('date', 75, unless('invalid date', (text) => /^\d{4}-\d\d-\d\d$/.test(text) && readTimestamp(`${text}T00:00:00Z`) !== undefined)),
  datetime: new Format('datetime', 75, unless('invalid datetime', (text) => readTimestamp(text.toUpperCase()) !== undefined)),
};

export const namedFormats: readonly Overload[] = [
  define('format-named', 'format.named(string) optional<kubernetes.NamedFormat>', (name: string) => new CelOptional(Object.hasOwn(formats, name) ? formats[name] : undefined)),
  ...Object.entries(formats).map(([name, format]) => define(`format.${name}`, `format.${name}() kubernetes.NamedFormat`, () => format)),
  method('format-validate', 'kubernetes.NamedFormat.validate(string) optional<list<string>>', (format: Format, text: string) => {
    const complaints = format.complain(text);
    return new CelOptional(complaints.length === 0 ? undefined : new CelList(complaints));
  }),
];
