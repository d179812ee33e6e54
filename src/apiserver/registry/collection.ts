/** Deleting all that a selector matches, some at a time. Answers what there was to delete, as it was. */
import { StatusError } from '../../machinery/status.ts';
import type { ListParameters } from '../http/options.ts';
import type { Stored } from '../objects.ts';
import type { DeletionOptions } from './deletion.ts';
import { readList, type Page, type Place, type Readable } from './read.ts';
import type { WriteScope } from './storage.ts';

const usuallyAtOnce = 32;

export async function deleteCollection(kind: Readable, place: Place, parameters: ListParameters, options: DeletionOptions, scope: WriteScope, atOnce = usuallyAtOnce): Promise<Page> {
  const page = await readList(kind, place, parameters);
  for (let i = 0; i < page.items.length; i += atOnce) await Promise.all(page.items.slice(i, i + atOnce).map((item) => deleteOne(kind, item, options, scope)));
  return page;
}

async function deleteOne(kind: Readable, item: Stored, options: DeletionOptions, scope: WriteScope): Promise<void> {
  try {
    await kind.storage.delete(item.attributes.namespace, item.attributes.name, options, scope);
  } catch (error) {
    // Somebody else was faster.
    if (!(error instanceof StatusError) || error.reason !== 'NotFound') throw error;
  }
}
