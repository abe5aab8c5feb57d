import {changeCapture} from './change-capture/index.js'
import {dms} from './dms.js'
import {dumpRestore} from './dump-restore.js'
import {logicalReplication} from './logical-replication/index.js'
import type {Method} from './method.js'

/** Simplest first: this order is the decision tree. */
export const METHODS: readonly Method[] = [dumpRestore, changeCapture, logicalReplication, dms]

/** What a window is opened by when nothing was started before it and no method is named: the simplest one. */
export const defaultMethod = dumpRestore

/** What `rds:start` follows by when no method is named. */
export const defaultFollowing = changeCapture

export const methodNamed = (id: string): Method | undefined => METHODS.find((method) => method.id === id)
