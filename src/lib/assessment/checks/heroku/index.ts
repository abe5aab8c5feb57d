import addons from './addons.js'
import attachments from './attachments.js'
import herokuDatabase from './database.js'
import runtime from './runtime.js'

/** What stands in the way on Heroku's side of the database. */
export default [...herokuDatabase, ...attachments, ...addons, ...runtime]
