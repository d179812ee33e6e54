/** Holds what goes through a connection to a rate. */
import { Transform } from 'node:stream';
import type { Clock } from '../../base/clock.ts';

/** Small pieces keep the flow even. */
const pieceMs = 50;

/** Makes one stream for each direction of a connection. */
export function throttle(bytesPerSecond: number, clock: Clock): () => Transform {
  const most = Math.max(1, Math.floor((bytesPerSecond * pieceMs) / 1000));
  return () => {
    let free = 0;
    const send = async (stream: Transform, chunk: Buffer): Promise<void> => {
      for (let at = 0; at < chunk.length && !stream.destroyed; at += most) {
        const piece = chunk.subarray(at, at + most);
        const now = clock.monotonic();
        if (free > now) await clock.sleep(free - now);
        free = Math.max(free, now) + (piece.length / bytesPerSecond) * 1000;
        stream.push(piece);
      }
    };
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        send(this, chunk).then(() => done(), done);
      },
    });
  };
}
