/** A piece of a body that many answers share: what HTTP/1.1 puts around it is made once for all of them. */
export class SharedPiece {
  readonly bytes: Buffer;
  #chunk: Buffer | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** As it stands in a chunked body. */
  get chunk(): Buffer {
    return (this.#chunk ??= chunkOf(this.bytes));
  }
}

const lineEnd = '\r\n';

function chunkOf(bytes: Buffer): Buffer {
  const head = bytes.length.toString(16) + lineEnd;
  const out = Buffer.allocUnsafe(head.length + bytes.length + lineEnd.length);
  out.write(head, 0, 'latin1');
  bytes.copy(out, head.length);
  out.write(lineEnd, head.length + bytes.length, 'latin1');
  return out;
}
