/** Service account tokens for pods, asked of the API and renewed when four fifths of their life are over. */
import type { Surroundings } from '../../base/surroundings.ts';
import { serviceaccounts } from '../../api/core/v1/index.ts';
import type { TokenRequest } from '../../api/authentication/v1/types.ts';
import { parseTime } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { Pod } from '../pods/model.ts';

interface Held {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

const dayMs = 86_400_000;

export class TokenSource {
  readonly #client: Client;
  readonly #surroundings: Surroundings;
  readonly #held = new Map<string, Held>();

  constructor(client: Client, surroundings: Surroundings) {
    this.#client = client;
    this.#surroundings = surroundings;
  }

  async token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string> {
    const key = `${pod.metadata.uid}/${audience ?? ''}/${expirationSeconds}`;
    const held = this.#held.get(key);
    if (held && !this.#isDue(held)) return held.token;
    const body = {
      kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1',
      spec: {
        audiences: audience ? [audience] : [],
        expirationSeconds,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: pod.metadata.name, uid: pod.metadata.uid },
      },
    };
    const name = pod.spec.serviceAccountName || 'default';
    try {
      const answer = await this.#client.post<TokenRequest>(serviceaccounts, name, 'token', body, { namespace: pod.metadata.namespace ?? '' });
      const token = { token: answer.status.token, issuedAt: this.#surroundings.clock.now(), expiresAt: parseTime(answer.status.expirationTimestamp) };
      this.#held.set(key, token);
      return token.token;
    } catch (error) {
      // The old one still serves until it ends.
      if (!held || held.expiresAt <= this.#surroundings.clock.now()) throw error;
      this.#surroundings.log.warn('Renewing a service account token failed', { pod: pod.metadata.name, err: String(error) });
      return held.token;
    }
  }

  forget(uid: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${uid}/`)) this.#held.delete(key);
  }

  #isDue({ issuedAt, expiresAt }: Held): boolean {
    const now = this.#surroundings.clock.now();
    return now > issuedAt + (expiresAt - issuedAt) * 0.8 || now > issuedAt + dayMs;
  }
}
