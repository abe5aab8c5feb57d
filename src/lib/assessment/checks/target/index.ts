import extensions from './extensions.js'
import instance from './instance.js'
import server from './server.js'
import settings from './settings.js'

/** What stands in the way on the side of the target. */
export default [...server, ...settings, ...extensions, ...instance]
