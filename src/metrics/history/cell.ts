/**
 * One point of a series in 32 bits: CPU and memory, each a short float with 12 significant bits (at most 0.025 % off, exact where small).
 * Zero is no point.
 */
const steps = 4096;
const half = steps / 2;
const largestCode = 65_534;
/** A thousandth of a millicore, and a kibibyte. */
const cpuUnit = 1000;
const memoryUnit = 1024;

/** Whole units to 16 bits: below 4096 as they are, above with the exponent in front. */
function encode(units: number): number {
  if (units < steps) return units;
  const exponent = Math.floor(Math.log2(units)) - 11;
  // Rounding up may carry into the next exponent, which the code's own order takes care of.
  return Math.min(largestCode, exponent * half + Math.round(units / 2 ** exponent));
}

function decode(code: number): number {
  if (code < steps) return code;
  const exponent = Math.floor(code / half) - 1;
  return (code - exponent * half) * 2 ** exponent;
}

/** Nanocores and bytes, neither below zero. */
export function packCell(cpu: number, memory: number): number {
  return (((encode(Math.round(cpu / cpuUnit)) + 1) << 16) | encode(Math.round(memory / memoryUnit))) >>> 0;
}

export function cpuOf(cell: number): number {
  return decode((cell >>> 16) - 1) * cpuUnit;
}

export function memoryOf(cell: number): number {
  return decode(cell & 0xffff) * memoryUnit;
}

/** One point for two stretches of time: CPU is their mean by weight, memory the larger. */
export function mergeCells(a: number, weightA: number, b: number, weightB: number): number {
  if (a === 0) return b;
  if (b === 0) return a;
  return packCell((cpuOf(a) * weightA + cpuOf(b) * weightB) / (weightA + weightB), Math.max(memoryOf(a), memoryOf(b)));
}
