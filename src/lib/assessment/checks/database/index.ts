import code from './code.js'
import collations from './collations.js'
import contents from './contents.js'
import extensions from './extensions.js'
import partitions from './partitions.js'
import policies from './policies.js'
import privileges from './privileges.js'
import replication from './replication.js'
import searchPath from './search-path.js'
import sequences from './sequences.js'
import sessions from './sessions.js'
import settings from './settings.js'
import storage from './storage.js'
import structure from './structure.js'
import superuserObjects from './superuser-objects.js'
import tables from './tables.js'
import timeline from './timeline.js'
import types from './types.js'

/** Checks of the source database itself. */
export default [
  ...sessions,
  ...privileges,
  ...policies,
  ...contents,
  ...tables,
  ...partitions,
  ...types,
  ...structure,
  ...sequences,
  ...code,
  ...searchPath,
  ...superuserObjects,
  ...extensions,
  ...replication,
  ...timeline,
  ...collations,
  ...settings,
  ...storage,
]
