/** The serving certificate of a component that runs alone: the files it is given, those of an earlier start, or a new self-signed one. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Surroundings } from '../../base/surroundings.ts';
import type { Flags } from '../../kubectl/flags.ts';
import { createAuthority, issue } from '../../wire/certificates.ts';
import { pairOf } from './program.ts';

export interface ServingNames {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** `base` is the name of the files below --cert-dir; without a folder nothing is written. */
export async function servingPair(flags: Flags, base: string, names: ServingNames, { clock, log }: Surroundings): Promise<{ cert: string; key: string }> {
  const given = pairOf(flags, 'tls-cert-file', 'tls-private-key-file');
  if (given) return given;
  const folder = flags.text('cert-dir');
  const [certFile, keyFile] = [join(folder, `${base}.crt`), join(folder, `${base}.key`)];
  if (folder && existsSync(certFile) && existsSync(keyFile)) return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  const authority = await createAuthority({ commonName: `${names.commonName}-ca`, clock });
  const own = await issue(authority, { ...names, usages: ['server'], clock });
  const pair = { cert: own.certPem + authority.certPem, key: own.keyPem };
  if (folder) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(keyFile, pair.key, { mode: 0o600 });
    writeFileSync(certFile, pair.cert);
    log.info('Made a self-signed certificate', { cert: certFile, key: keyFile });
  }
  return pair;
}
