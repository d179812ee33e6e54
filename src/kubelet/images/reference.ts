/** Image names as people write them. */

export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const form = new RegExp(`^(?:(${host})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*:[0-9a-fA-F]{32,}))?$`);

/** `undefined` for what is no image name. */
export function parseReference(image: string): ImageReference | undefined {
  const match = form.exec(image);
  if (!match) return undefined;
  const [, first, rest = ''] = match;
  if (!first) return { registry: 'docker.io', repository: rest.includes('/') ? rest : `library/${rest}` };
  if (first.includes('.') || first.includes(':') || first === 'localhost') return { registry: first, repository: rest };
  // Without a dot or a port the first part is no host: an account of Docker Hub, which has no capitals.
  return first === first.toLowerCase() ? { registry: 'docker.io', repository: `${first}/${rest}` } : undefined;
}

/** The name with the tag that is meant where none is written. */
export function withTag(image: string): string {
  return image.includes('@') || /:[^/]+$/.test(image) ? image : `${image}:latest`;
}
