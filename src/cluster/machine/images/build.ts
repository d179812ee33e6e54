/** An image file made from entries and a configuration: no registry, no build tool. */
import { createHash } from 'node:crypto';
import { tar, type TarEntry } from './tar.ts';

export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  readonly workingDirectory?: string;
  /** Name or uid, `:group` after it if wanted. */
  readonly user?: string;
}

export interface Image {
  /** Full references: `docker.io/library/busybox:latest`. */
  readonly names: readonly string[];
  /** Digest of the manifest; the same content always gives the same. */
  readonly digest: string;
  /** An OCI layout in a tar, readable by containerd, Docker and Podman. */
  readonly archive: Buffer;
}

export interface ImageRequest {
  readonly names: readonly string[];
  readonly files: Iterable<TarEntry>;
  readonly config: ImageConfig;
  /** As Node.js names it. */
  readonly architecture?: string;
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export function buildImage(request: ImageRequest): Image {
  const architecture = request.architecture ?? process.arch;
  const layer = tar(request.files);
  const { config } = request;
  const platform = { architecture: architectures[architecture] ?? architecture, os: 'linux' };
  const configuration = json({
    ...platform,
    config: {
      ...(config.user ? { User: config.user } : {}),
      Env: config.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...(config.entrypoint ? { Entrypoint: config.entrypoint } : {}),
      ...(config.command ? { Cmd: config.command } : {}),
      WorkingDir: config.workingDirectory ?? '/',
    },
    rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    history: [{ created_by: 'k7s' }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', configuration),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar', layer)],
  });
  const index = json({
    schemaVersion: 2,
    manifests: request.names.map((name) => ({
      ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
      annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name.replace(/^.*:/, '') },
      platform,
    })),
  });
  const blob = (content: Buffer): TarEntry => ({ path: `blobs/sha256/${digest(content).slice(7)}`, type: 'file', content });
  const archive = tar([
    { path: 'oci-layout', type: 'file', content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', type: 'file', content: index },
    blob(manifest),
    blob(configuration),
    blob(layer),
  ]);
  return { names: request.names, digest: digest(manifest), archive };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function digest(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function descriptor(mediaType: string, content: Uint8Array): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: digest(content), size: content.length };
}
