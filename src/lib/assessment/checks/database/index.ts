import code from './code.js'
import contents from './contents.js'
import privileges from './privileges.js'
import sessions from './sessions.js'
import structure from './structure.js'
import tables from './tables.js'

/** What stands in the way in the source itself. */
export default [...sessions, ...tables, ...structure, ...contents, ...code, ...privileges]
