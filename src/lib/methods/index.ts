import {changeCapture} from './change-capture.js'
import {dms} from './dms.js'
import {dumpRestore} from './dump-restore.js'
import {logicalReplication} from './logical-replication.js'
import type {Method} from './method.js'

/** Simplest first: this order is the decision tree. */
export const METHODS: readonly Method[] = [dumpRestore, changeCapture, logicalReplication, dms]

/** The method a run performs when none is named: the simplest one that this version can. */
export const defaultMethod = (id: string | undefined): Method =>
  METHODS.find((method) => method.id === id) ?? METHODS.find(({available}) => available)!

export const methodNamed = (id: string): Method | undefined => METHODS.find((method) => method.id === id)
