import {CREATE_SYNC_STATE} from '../capture/sync-state.js'
import {CREATE_COPY_STATE} from '../copy/chunk-state.js'
import {clock} from '../adapters/clock.js'
import {remember} from '../adapters/memory.js'
import {schemaDumpOf} from '../adapters/pg-dump.js'
import {publisherOf} from '../adapters/replication.js'
import {assess} from '../assessment/assess.js'
import {
  CLAIMED,
  type Claimed,
  epochOf,
  leaveUndone,
  refuseOtherTarget,
  renewClaim,
  sourceGuard,
} from '../fence/claim.js'
import {CREATE_LOG} from '../fence/landed-writes.js'
import {allEnded} from '../flow/all-ended.js'
import {beginMigration, dropUntouchedJournal, EPOCH, journalOn, targetGuard} from '../journal/journal.js'
import {withOperatorLock} from '../journal/operator-lock.js'
import {rememberJournal} from '../journal/remembered-journal.js'
import type {Method} from '../methods/method.js'
import {defaultMethod, methodNamed} from '../methods/index.js'
import type {Options} from './options.js'
import {takeUpWindow} from './restored-journal.js'
import {noTarget, TARGET_URL_VAR} from './target.js'
import {operatorName, withWorld} from './world.js'
import {runbookFor} from '../playbook.js'
import {refused} from '../ports/errors.js'
import type {Database, Journal, Operator, Undone} from '../ports/ports.js'
import type {Guard} from '../postgres/catalog.js'
import {answersOf, type Questions} from '../postgres/answers.js'
import {FIRST_KNOWN, identityBy, isSame, KNOWN, type Known, knownOf} from '../postgres/identity.js'
import {refuseForeignContents} from '../runbook/foreign-contents.js'
import {lookingAgain} from '../runbook/second-look.js'
import type {Migration, Settings} from '../runbook/migration.js'

/** What the copy and the syncs keep beside the journal. */
export const WORKING_TABLES = [CREATE_COPY_STATE, CREATE_SYNC_STATE, CREATE_LOG]

/** A migration, with all that its method can do. */
export type OpenMigration = Migration & {readonly method: Method}

export interface RunOptions extends Options {
  method?: string | undefined
  /** The method of a migration that has not begun, when none is named. */
  fallback?: string
  settings: Omit<Settings, 'caFile'>
  operator: Operator
  /** The command, as other operators are told who find the migration locked. */
  command: string
  signal: AbortSignal
}

/** Opens a migration for a command that changes things: begun in the journal, locked against other operators. */
export async function withMigration<T>(
  options: RunOptions,
  work: (migration: OpenMigration) => Promise<T>,
): Promise<T> {
  return withWorld({...options, tell: (line) => options.operator.tell(line)}, async (world) => {
    const {app, addon, heroku, source, target, targetUrl, sourceParts} = world
    if (!target || !targetUrl) throw noTarget()
    const [here, there] = await allEnded([answersOf(source, OF_SOURCE, FIRST_KNOWN), knownOf(target)])
    const {known, claimed, major} = here as Answers
    const [identity, targetIdentity] = [identityBy(known, source), identityBy(there, target)]
    if (isSame(known, there)) {
      throw refused('target_is_source', 'the target is the source itself', `check ${TARGET_URL_VAR}`)
    }
    refuseOtherTarget(claimed, targetIdentity)
    if (!world.record) await refuseForeignContents(target)
    const record = await beginMigration(
      target,
      {
        app,
        addonId: addon.id,
        addonName: addon.name,
        method: methodToBegin(options, world.record?.method),
        sourceIdentity: identity,
      },
      WORKING_TABLES,
    )
    if (record.sourceIdentity !== identity) {
      throw refused(
        'other_source',
        `${addon.name} is not the database this migration began with`,
        'it may have been restored or replaced: use a fresh target',
      )
    }
    const method = methodNamed(record.method)!
    if (options.method !== undefined && options.method !== method.id) {
      throw refused(
        'other_method',
        `this migration is under way by ${method.id}`,
        `go on with --method ${method.id}`,
        'or give it up with heroku rds:start --abandon first',
      )
    }
    const taking = {operator: operatorName(), command: options.command, after: epochOf(claimed)}
    const underLock = () =>
      withOperatorLock(target, taking, async ({epoch, lost, predecessor}) => {
        const claim = {target: targetIdentity, place: target.place, epoch}
        const renewed = await renewClaim(source, claim)
        await remember(options.dataDir, app, {
          source: {addonId: addon.id, addonName: addon.name},
          ...(options.target ? {target: options.target} : {}),
          ...(options.sourceUrlEnv ? {sourceUrlEnv: options.sourceUrlEnv} : {}),
          ...(options.region ? {region: options.region} : {}),
          caFile: world.caFile,
        })
        const journal = rememberJournal(journalOn(target, operatorName(), epoch))
        const guard = {source: sourceGuard(claim), target: targetGuard(epoch)}
        if (renewed?.undone) await writeUndone(journal, renewed.undone, {source, guard: guard.source})
        if (renewed) await takeUpWindow(journal, renewed, {app, place: target.place})
        const signal = AbortSignal.any([options.signal, lost])
        const migration: OpenMigration = {
          app,
          addon,
          method,
          source,
          target,
          schemaDump: await schemaDumpOf(sourceParts, world.sourceTls, major),
          publisher: publisherOf(() => world.renewSource(), world.sourceTls),
          targetUrl,
          sourceAddress: world.sourceAddress,
          // A machine that slept does not know that another operator holds the migration now.
          heroku: heroku.underLock(signal, () => journal.assertHeld()),
          assess: () => assess(world, {keep: options.settings.keep, measureLines: true}),
          journal,
          claim,
          guard,
          operator: options.operator,
          clock,
          settings: {...options.settings, caFile: world.caFile},
          signal,
        }
        return lookingAgain(migration, {predecessor, steps: runbookFor(method), lateSeconds: world.lateSeconds}, () =>
          work(migration),
        )
      })
    try {
      return await underLock()
    } catch (error) {
      if (!world.record) await dropUntouchedJournal(target)
      throw error
    }
  })
}

/** What is asked of the source before a migration is opened; it bears a claim or none. */
interface Answers {
  known: Known
  claimed?: Claimed
  major: number
}

const OF_SOURCE: Questions<Answers> = {
  known: KNOWN,
  claimed: CLAIMED,
  major: {query: `select to_json(current_setting('server_version_num')::int / 10000)`},
}

const OF_TARGET: Questions<{known: Known; epoch: string}> = {known: KNOWN, epoch: EPOCH}

/** Brings into the journal what an earlier way back could only leave on the source. */
async function writeUndone(
  journal: Journal,
  {attempt, steps, forgotten}: Undone,
  {source, guard}: {source: Database; guard: Guard},
): Promise<void> {
  if ((await journal.read()).attempt === attempt) {
    if (forgotten.length > 0) await journal.forget(forgotten)
    if (steps.length > 0) await journal.undone(steps)
  }
  await leaveUndone(source, guard, null)
}

/** What is under way goes on; else the one that is named, the command's own, or that of an earlier attempt. */
const methodToBegin = ({method, fallback}: RunOptions, earlier: string | undefined): string =>
  method ?? fallback ?? earlier ?? defaultMethod.id

/** Opens a migration that is under way for a command that reads, or does a part of the work, beside the operator who holds the lock. */
export async function besideOperator<T>(
  options: Omit<RunOptions, 'command' | 'fallback' | 'method' | 'settings'>,
  work: (migration: Beside) => Promise<T>,
): Promise<T> {
  return withWorld(options, async ({app, source, target, journal, record}) => {
    if (!target) throw noTarget()
    if (!journal || !record)
      throw refused('not_started', `no migration of ${app} is under way`, `heroku rds:start -a ${app}`)
    const {known, epoch} = (await answersOf(target, OF_TARGET, FIRST_KNOWN)) as {known: Known; epoch: string}
    const claim = {target: identityBy(known, target), place: target.place, epoch}
    return work({
      app,
      method: methodNamed(record.method)!,
      source,
      target,
      journal,
      guard: {source: sourceGuard(claim), target: targetGuard(epoch)},
      operator: options.operator,
      clock,
      signal: options.signal,
    })
  })
}

export type Beside = Pick<
  OpenMigration,
  'app' | 'clock' | 'guard' | 'journal' | 'method' | 'operator' | 'signal' | 'source' | 'target'
>
