/**
 * The image of a pod's sandbox. Its one program holds the pod's namespaces: it lets the kernel reap children that were
 * left to it, and ends on SIGTERM or SIGINT. It is assembled here, so that a cluster starts without any network.
 */
import { buildImage, type Image } from './build.ts';

export const pauseImageName = 'k7s.local/pause:3.10';

export function pauseImage(architecture: string = process.arch): Image {
  return buildImage({
    names: [pauseImageName],
    files: [{ path: 'pause', type: 'file', mode: 0o755, content: pauseProgram(architecture) }],
    config: { entrypoint: ['/pause'], user: '65535:65535' },
    architecture,
  });
}

const loadAddress = 0x400000n;
const headersSize = 64 + 56;

/** A static ELF executable of one read-only, executable segment: headers, code, then data. */
export function pauseProgram(architecture: string): Buffer {
  const assemble = assemblers[architecture];
  if (!assemble) throw new Error(`no pause program for ${architecture}`);
  // struct sigaction with SIG_IGN as its handler (children need no wait then), and the set of SIGINT and SIGTERM.
  const action = Buffer.alloc(32);
  action.writeBigUInt64LE(1n, 0);
  const signals = Buffer.alloc(8);
  signals.writeBigUInt64LE((1n << 1n) | (1n << 14n), 0);
  const size = assemble.code(0, 0).length;
  const data = headersSize + Math.ceil(size / 8) * 8;
  const code = assemble.code(data, data + action.length);
  const padding = Buffer.alloc(data - headersSize - size);
  const total = data + action.length + signals.length;
  return Buffer.concat([headers(assemble.machine, total), code, padding, action, signals]);
}

interface Assembler {
  /** e_machine */
  readonly machine: number;
  /** Code that starts at file offset `headersSize`; the arguments are file offsets of the two data items. */
  code(action: number, signals: number): Buffer;
}

/*
 * rt_sigaction(SIGCHLD, &action, NULL, 8); rt_sigprocmask(SIG_BLOCK, &signals, NULL, 8);
 * do {} while (rt_sigtimedwait(&signals, NULL, NULL, 8) < 0); exit(0);
 * Waiting for blocked signals works for the first process of a pid namespace without a handler.
 */
const assemblers: Readonly<Record<string, Assembler>> = {
  x64: {
    machine: 62,
    code(action, signals) {
      const out: number[] = [];
      const set = (opcode: number, value: number): void => {
        out.push(opcode, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >> 24) & 0xff);
      };
      const [eax, edx, esi, edi] = [0xb8, 0xba, 0xbe, 0xbf];
      const base = Number(loadAddress);
      const syscall = (number: number): void => {
        set(eax, number);
        out.push(0x0f, 0x05);
      };
      out.push(0x41, 0xba, 8, 0, 0, 0); // mov r10d, 8: the size of a signal set, in every call
      set(edi, 17);
      set(esi, base + action);
      set(edx, 0);
      syscall(13);
      set(edi, 0);
      set(esi, base + signals);
      syscall(14);
      const loop = out.length;
      set(edi, base + signals);
      set(esi, 0);
      syscall(128);
      out.push(0x85, 0xc0); // test eax, eax
      out.push(0x78, (loop - (out.length + 2)) & 0xff); // js loop
      set(edi, 0);
      syscall(60);
      return Buffer.from(out);
    },
  },
  arm64: {
    machine: 183,
    code(action, signals) {
      const out: number[] = [];
      const move = (register: number, value: number): void => void out.push((0xd2800000 | (value << 5) | register) >>> 0);
      /** adr: the address of a file offset, relative to this instruction. */
      const address = (register: number, offset: number): void => {
        const distance = offset - (headersSize + out.length * 4);
        out.push((0x10000000 | ((distance & 3) << 29) | (((distance >> 2) & 0x7ffff) << 5) | register) >>> 0);
      };
      const syscall = (number: number): void => {
        move(8, number);
        out.push(0xd4000001);
      };
      move(0, 17);
      address(1, action);
      move(2, 0);
      move(3, 8);
      syscall(134);
      move(0, 0);
      address(1, signals);
      syscall(135);
      const loop = out.length;
      address(0, signals);
      move(1, 0);
      syscall(137);
      const back = loop - out.length;
      out.push((0xb7f80000 | ((back & 0x3fff) << 5)) >>> 0); // tbnz x0, #63, loop
      move(0, 0);
      syscall(93);
      const code = Buffer.alloc(out.length * 4);
      out.forEach((word, i) => code.writeUInt32LE(word, i * 4));
      return code;
    },
  },
};

function headers(machine: number, fileSize: number): Buffer {
  const out = Buffer.alloc(headersSize);
  out.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  out.writeUInt16LE(2, 16); // executable
  out.writeUInt16LE(machine, 18);
  out.writeUInt32LE(1, 20);
  out.writeBigUInt64LE(loadAddress + BigInt(headersSize), 24); // entry
  out.writeBigUInt64LE(64n, 32); // program headers follow
  out.writeUInt16LE(64, 52);
  out.writeUInt16LE(56, 54);
  out.writeUInt16LE(1, 56);
  out.writeUInt32LE(1, 64); // load
  out.writeUInt32LE(5, 68); // readable, executable
  out.writeBigUInt64LE(loadAddress, 80);
  out.writeBigUInt64LE(loadAddress, 88);
  out.writeBigUInt64LE(BigInt(fileSize), 96);
  out.writeBigUInt64LE(BigInt(fileSize), 104);
  out.writeBigUInt64LE(0x10000n, 112); // page alignment on every kernel
  return out;
}
