import {abandon} from '../../lib/actions/abandon.js'
import {clearWhatIsLeft} from '../../lib/actions/clear-leftovers.js'
import {methodToStart, prepareToFollow} from '../../lib/actions/prepare.js'
import {NICE_PACE, USUAL_PACE} from '../../lib/flow/pace.js'
import {defaultFollowing, METHODS} from '../../lib/methods/index.js'
import {type RunOptions, withMigration} from '../../lib/open/migration.js'
import {keepAtIt} from '../../lib/open/reopen.js'
import {flags} from '../../lib/output/heroku-cli.js'
import {
  appFlags,
  caFileFlag,
  changeFlags,
  databaseArg,
  keepFlag,
  preflightFlags,
  RdsCommand,
} from '../../lib/output/rds-command.js'

const GIVING_UP = (app: string) =>
  `Everything this plugin made is removed from the source of ${app}, and the copy on RDS is dropped.`

export default class Start extends RdsCommand {
  static override summary = 'copy the database to RDS while the app runs, and keep the copy in step'
  static override description = RdsCommand.describe(
    'Copies schema and rows, then applies changes until it is stopped with Ctrl-C. Triggers on every table of the source record the changes; with --method logical-replication, where the source allows it, a replication slot keeps them. The same command continues where it stopped, and no change in between is missed. The window is opened by rds:cutover.',
  )
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app',
    '<%= config.bin %> <%= command.id %> --app example-app --until-equal',
    '<%= config.bin %> <%= command.id %> --app example-app --refresh-schema',
    '<%= config.bin %> <%= command.id %> --app example-app --abandon',
  ]
  static override args = databaseArg
  static override flags = {
    ...appFlags,
    ...changeFlags,
    ...caFileFlag,
    ...keepFlag,
    ...preflightFlags,
    method: flags.string({
      description: 'method that keeps the copy in sync',
      options: METHODS.filter(({available, follow}) => available && follow).map(({id}) => id),
    }),
    nice: flags.boolean({description: 'leave the source alone three quarters of the time'}),
    'until-equal': flags.boolean({description: 'stop when the copy is up to date, instead of following'}),
    'refresh-schema': flags.boolean({
      description: 'follow a schema change: copy new and altered tables again, drop those that are gone, keep the rest',
    }),
    abandon: flags.boolean({
      description:
        'give the migration up: remove what this plugin created from the source, and drop the copy on the target',
    }),
  }

  async run(): Promise<{app: string; method?: string; outcome: string}> {
    const parsed = await this.parse(Start)
    const {
      app,
      method,
      confirm,
      nice,
      abandon: giveUp,
      'refresh-schema': refreshSchema,
      'until-equal': untilEqual,
    } = parsed.flags
    const options = {
      ...this.operating(parsed, giveUp ? 'rds:start --abandon' : 'rds:start'),
      settings: {
        gate: 'ask' as const,
        keep: parsed.flags.keep,
        acceptUntriedTarget: parsed.flags['accept-untried-target'],
      },
      ...(giveUp ? {} : {method}),
      fallback: defaultFollowing.id,
    }
    await this.confirmApp(app, confirm, () => (giveUp ? GIVING_UP(app) : this.#warning(options)))
    if (giveUp) {
      const left = await clearWhatIsLeft({...options, live: false})
      if (left.length > 0) {
        this.log(`${app}: cleared the ${left.join(' and the ')}; the other is gone`)
        return {app, outcome: 'abandoned'}
      }
      const undone = await withMigration(options, abandon)
      this.log(undone.length === 0 ? 'nothing to give up' : `given up: ${app} stays on Heroku Postgres`)
      return {app, outcome: 'abandoned'}
    }
    let toRefresh = refreshSchema // a run that connects again later has done it
    return keepAtIt(options, async (migration) => {
      const follow = await prepareToFollow(migration, {refreshSchema: toRefresh})
      toRefresh = false
      if (untilEqual) await follow.catchUp(migration)
      else {
        migration.operator.tell('following the source; Ctrl-C stops it, the same command continues')
        await follow.keepInStep(migration, nice ? NICE_PACE : USUAL_PACE)
        if (!options.signal.aborted) migration.signal.throwIfAborted()
      }
      this.log(`${app}: the copy is in place, and no later change is lost. Next: heroku rds:cutover -a ${app}`)
      return {app, method: migration.method.id, outcome: untilEqual ? 'equal' : 'stopped'}
    })
  }

  async #warning(options: RunOptions): Promise<string> {
    const {follow} = await methodToStart(options)
    return `${follow?.makes ?? 'A fence trigger is created on every table'} of the source of ${options.app}; the app keeps running.`
  }
}
