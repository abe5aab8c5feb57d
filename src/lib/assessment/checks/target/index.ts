import extensions from './extensions.js'
import instance from './instance.js'
import server from './server.js'

/** What stands in the way on the side of the target. */
export default [...server, ...extensions, ...instance]
