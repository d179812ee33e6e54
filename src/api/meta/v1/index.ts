// Printed by `npm run generate` from the schema beside it. Do not edit.
export type * from './types.ts';
