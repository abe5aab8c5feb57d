import extensions from './extensions.js'
import functionSettings from './function-settings.js'
import instance from './instance.js'
import server from './server.js'
import settings from './settings.js'
import subscribing from './subscribing.js'
import usage from './usage.js'

/** What stands in the way on the side of the target. */
export default [...server, ...settings, ...subscribing, ...extensions, ...usage, ...functionSettings, ...instance]
