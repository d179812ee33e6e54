/** Reads one HTTP/1.1 answer from the chunks of a connection: no more of the protocol than a kubelet speaks. */

/** A kubelet of hundreds of pods answers with far less. */
const maxAnswerBytes = 32 << 20;
const maxLine = 16 << 10;

type State = 'status' | 'headers' | 'body' | 'size' | 'chunk' | 'gap' | 'trailer' | 'done';

export class Answer {
  status = 0;
  reason = '';
  #state: State = 'status';
  #line = '';
  /** Bytes that the body or the chunk still has; Infinity: until the connection ends. */
  #left = Infinity;
  #chunked = false;
  #close = false;
  #size = 0;
  readonly #parts: string[] = [];

  get done(): boolean {
    return this.#state === 'done';
  }

  /** The connection may carry another request. */
  get reusable(): boolean {
    return this.done && !this.#close;
  }

  /** Names and numbers are ASCII: a byte is a character. */
  get body(): string {
    return this.#parts.join('');
  }

  /** Throws when this is not HTTP, or too much. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#state !== 'done') {
      if (this.#state === 'body' || this.#state === 'chunk') {
        const end = Math.min(chunk.length, at + this.#left);
        this.#take(chunk, at, end);
        at = end;
        continue;
      }
      const newline = chunk.indexOf(10, at);
      this.#line += chunk.toString('latin1', at, newline < 0 ? chunk.length : newline);
      if (this.#line.length > maxLine) throw new Error('malformed HTTP response: a line is too long');
      if (newline < 0) return;
      at = newline + 1;
      const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
      this.#line = '';
      this.#read(line);
    }
  }

  /** The connection has ended. True when that was the end of the answer too. */
  end(): boolean {
    if (this.#state === 'body' && this.#left === Infinity) this.#state = 'done';
    return this.done;
  }

  #take(chunk: Buffer, from: number, to: number): void {
    this.#size += to - from;
    if (this.#size > maxAnswerBytes) throw new Error(`answer is larger than ${maxAnswerBytes} bytes`);
    this.#parts.push(chunk.toString('latin1', from, to));
    this.#left -= to - from;
    if (this.#left === 0) this.#state = this.#state === 'chunk' ? 'gap' : 'done';
  }

  #read(line: string): void {
    switch (this.#state) {
      case 'status': {
        const match = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(line);
        if (!match) throw new Error(`malformed HTTP response ${JSON.stringify(line.slice(0, 100))}`);
        [this.status, this.reason] = [Number(match[2]), match[3] ?? ''];
        this.#close = match[1] === '0';
        this.#state = 'headers';
        return;
      }
      case 'headers':
        if (line === '') this.#begin();
        else this.#header(line);
        return;
      case 'size': {
        const size = /^[0-9a-f]{1,8}/i.exec(line)?.[0];
        if (size === undefined) throw new Error('malformed chunked encoding');
        this.#left = parseInt(size, 16);
        this.#state = this.#left === 0 ? 'trailer' : 'chunk';
        return;
      }
      case 'gap':
        this.#state = 'size';
        return;
      default:
        if (line === '') this.#state = 'done';
    }
  }

  #header(line: string): void {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).trim().toLowerCase();
    switch (line.slice(0, colon).toLowerCase()) {
      case 'content-length':
        if (!/^\d+$/.test(value)) throw new Error(`bad Content-Length ${JSON.stringify(value)}`);
        this.#left = Number(value);
        return;
      case 'transfer-encoding':
        this.#chunked = value.endsWith('chunked');
        return;
      case 'connection':
        if (value === 'close') this.#close = true;
    }
  }

  #begin(): void {
    if (this.status < 200) {
      // Interim: the answer proper follows.
      this.#state = 'status';
      return;
    }
    if (this.#chunked) this.#state = 'size';
    else if (this.status === 204 || this.#left === 0) this.#state = 'done';
    else {
      this.#state = 'body';
      if (this.#left === Infinity) this.#close = true;
    }
  }
}
