/** Tokens that another server judges, by TokenReview; its answers are remembered for a while. */
import { createHash } from 'node:crypto';
import type { Surroundings } from '../../base/surroundings.ts';
import type { TokenReview } from '../../api/authentication/v1/types.ts';
import { Remembered } from '../../base/remembered.ts';
import type { RemoteConfig } from '../files/kubeconfig.ts';
import { Remote } from '../files/remote.ts';
import type { TokenAnswer, TokenAuthenticator } from './tokens.ts';

export interface TokenWebhookOptions {
  readonly remote: RemoteConfig;
  /** Of authentication.k8s.io. */
  readonly version: 'v1' | 'v1beta1';
  readonly cacheMs: number;
  readonly surroundings: Surroundings;
}

const timeoutMs = 30_000;

export function tokenWebhook({ remote: config, version, cacheMs, surroundings }: TokenWebhookOptions): { readonly authenticate: TokenAuthenticator; close(): void } {
  const remote = new Remote(config, surroundings);
  const remembered = new Remembered<TokenAnswer | Error | null>(surroundings.clock);
  const ask = async (token: string, audiences: readonly string[]): Promise<TokenAnswer | Error | null> => {
    const review = { apiVersion: `authentication.k8s.io/${version}`, kind: 'TokenReview', metadata: { creationTimestamp: null }, spec: { token, ...(audiences.length > 0 ? { audiences } : {}) }, status: { user: {} } };
    const { status = {} } = (await remote.post(review, timeoutMs)) as unknown as Partial<Pick<TokenReview, 'status'>>;
    const { authenticated, user, error, audiences: meant } = status as TokenReview['status'];
    if (!authenticated) return error ? new Error(error) : null;
    const fitting = meant?.length ? audiences.filter((a) => meant.includes(a)) : undefined;
    if (fitting?.length === 0 && audiences.length > 0) return null;
    return {
      user: { name: user?.username ?? '', groups: user?.groups ?? [], ...(user?.uid ? { uid: user.uid } : {}), ...(user?.extra ? { extra: user.extra } : {}) },
      ...(fitting ? { audiences: fitting } : {}),
    };
  };
  return {
    close: () => remote.close(),
    authenticate: async (token, audiences) => {
      const key = createHash('sha256').update(JSON.stringify([token, audiences])).digest('base64');
      let answer = remembered.get(key);
      if (answer === undefined) {
        try {
          answer = await ask(token, audiences);
        } catch (error) {
          surroundings.log.error('Failed to make webhook authenticator request', error);
          throw error;
        }
        if (cacheMs > 0) remembered.set(key, answer, cacheMs);
      }
      if (answer instanceof Error) throw answer;
      return answer ?? undefined;
    },
  };
}
