import type { Context } from './context.ts';
export async function server(_argv: readonly string[], _context: Context): Promise<number> { return 1; }
