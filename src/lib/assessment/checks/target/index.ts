import extensions from './extensions.js'
import instance from './instance.js'
import server from './server.js'
import settings from './settings.js'
import subscribing from './subscribing.js'

/** What stands in the way on the side of the target. */
export default [...server, ...settings, ...subscribing, ...extensions, ...instance]
