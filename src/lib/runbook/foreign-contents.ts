import {refused} from '../ports/errors.js'
import type {Queryable} from '../ports/ports.js'
import {inventory} from '../verify/inventory.js'

/** A target must be empty, but for extensions and empty schemas: nothing that the tool did not make is ever dropped. */
export async function refuseForeignContents(target: Queryable): Promise<void> {
  const {items} = await inventory(target)
  const objects = items
    .map(({line}) => line)
    .filter((line) => !line.startsWith('extension ') && !line.startsWith('schema '))
  const large = await target.query<{oid: string}>('select oid from pg_largeobject_metadata')
  objects.push(...large.map(({oid}) => `large object ${oid}`))
  if (objects.length > 0) {
    throw refused(
      'target_not_empty',
      `the target holds ${objects.length} objects that this plugin did not create, such as ${objects[0]}`,
      'use an empty database as the target: the plugin never drops what it did not create',
    )
  }
}
