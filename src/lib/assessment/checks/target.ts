import extensions from './target-extensions.js'
import instance from './target-instance.js'
import server from './target-server.js'

/** What stands in the way on the side of the target. */
export default [...server, ...extensions, ...instance]
