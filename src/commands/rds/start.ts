import {abandon} from '../../lib/actions/abandon.js'
import {clearWhatIsLeft} from '../../lib/actions/clear-leftovers.js'
import {prepareToFollow} from '../../lib/actions/prepare.js'
import {NICE_PACE, USUAL_PACE} from '../../lib/flow/pace.js'
import {defaultFollowing, METHODS} from '../../lib/methods/index.js'
import {withMigration} from '../../lib/open/migration.js'
import {keepAtIt} from '../../lib/open/reopen.js'
import {consoleOperator} from '../../lib/output/console-operator.js'
import {flags} from '../../lib/output/heroku-cli.js'
import {interruption} from '../../lib/output/interruption.js'
import {appFlags, caFileFlag, changeFlags, databaseArg, RdsCommand} from '../../lib/output/rds-command.js'
import {runbookFor} from '../../lib/playbook.js'

/** What a method makes there, where it is not triggers. */
const MADE_ON_SOURCE: Record<string, string> = {
  'logical-replication': 'A publication, a replication slot and a fence are made on the database',
}

export default class Start extends RdsCommand {
  static override summary = 'copy the database to RDS while the app runs, and keep the copy in step'
  static override description = RdsCommand.describe(
    'Copies schema and rows, then brings over what changes until it is stopped with Ctrl-C: noted by triggers on every table of the source, or, with --method logical-replication and where the source allows it, taken from a replication slot. Run again, it goes on where it stopped; nothing that changes meanwhile is missed. The window is rds:cutover.',
  )
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app',
    '<%= config.bin %> <%= command.id %> --app example-app --until-equal',
    '<%= config.bin %> <%= command.id %> --app example-app --take-in',
    '<%= config.bin %> <%= command.id %> --app example-app --abandon',
  ]
  static override args = databaseArg
  static override flags = {
    ...appFlags,
    ...changeFlags,
    ...caFileFlag,
    method: flags.string({
      description: 'how the copy follows',
      options: METHODS.filter(({available, follow}) => available && follow).map(({id}) => id),
    }),
    nice: flags.boolean({description: 'leave the source alone three quarters of the time'}),
    'until-equal': flags.boolean({description: 'stop when the copy is up to date, instead of following'}),
    'take-in': flags.boolean({
      description: 'take in tables that are new, gone or altered on the source: they are copied anew, the rest stays',
    }),
    abandon: flags.boolean({
      description: 'give the migration up: takes everything off the source and empties the target',
    }),
  }

  async run(): Promise<{app: string; method?: string; outcome: string}> {
    const parsed = await this.parse(Start)
    const {app, method, confirm, nice, abandon: giveUp, 'take-in': takeIn, 'until-equal': untilEqual} = parsed.flags
    await this.confirmApp(
      app,
      confirm,
      giveUp
        ? `Everything this tool made is taken off the source of ${app}, and the copy on RDS is dropped.`
        : `${MADE_ON_SOURCE[method ?? ''] ?? 'Triggers are put on every table'} of the source of ${app}; the app keeps running.`,
    )
    const signal = interruption()
    const options = {
      ...this.optionsOf(parsed),
      ...(giveUp ? {} : {method}),
      fallback: defaultFollowing.id,
      settings: {gate: 'ask' as const},
      operator: consoleOperator((line) => this.logToStderr(line), {json: this.jsonEnabled()}),
      command: giveUp ? 'rds:start --abandon' : 'rds:start',
      signal,
    }
    if (giveUp) {
      const tell = (line: string) => this.logToStderr(line)
      const left = await clearWhatIsLeft({...this.optionsOf(parsed), signal, tell, live: false})
      if (left.length > 0) {
        this.log(`${app}: cleared the ${left.join(' and the ')}; the other is gone`)
        return {app, outcome: 'abandoned'}
      }
      return withMigration(options, async (migration) => {
        const undone = await abandon(runbookFor(migration.method), migration)
        this.log(undone.length === 0 ? 'nothing to give up' : `given up: ${app} stays on Heroku Postgres`)
        return {app, outcome: 'abandoned'}
      })
    }
    let toTakeIn = takeIn // whoever connects again later has taken it in
    return keepAtIt(options, async (migration) => {
      const follow = await prepareToFollow(migration, {takeIn: toTakeIn})
      toTakeIn = false
      if (!untilEqual) {
        migration.operator.tell('following the source; Ctrl-C stops, the same command goes on')
        await follow(migration, nice ? NICE_PACE : USUAL_PACE)
        if (!signal.aborted) migration.signal.throwIfAborted()
      }
      this.log(`${app}: the copy follows. Next: heroku rds:cutover -a ${app}`)
      return {app, method: migration.method.id, outcome: untilEqual ? 'equal' : 'stopped'}
    })
  }
}
