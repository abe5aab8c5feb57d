import account from './account.js'
import addons from './addons.js'
import attachments from './attachments.js'
import herokuDatabase from './database.js'
import runtime from './runtime.js'

/** Checks of Heroku: the database add-on, its attachments and the apps. */
export default [...account, ...herokuDatabase, ...attachments, ...addons, ...runtime]
