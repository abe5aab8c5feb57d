import {finishMigration, refuseOtherName} from '../../lib/actions/finish.js'
import {isOutside} from '../../lib/apps/outside-source.js'
import {clearWhatIsLeft} from '../../lib/actions/clear-leftovers.js'
import {withMigration} from '../../lib/open/migration.js'
import {flags} from '../../lib/output/heroku-cli.js'
import {appFlags, changeFlags, databaseArg, RdsCommand} from '../../lib/output/rds-command.js'

export default class Finish extends RdsCommand {
  static override summary =
    'end the hold: remove everything this plugin created from both databases, except its journal'
  static override description = RdsCommand.describe(
    'After it there is no way back. The source keeps refusing writes, by its read-only default or, where that is not set, by the fence; its add-on stays, unless --destroy-source names it. Can be run again, and works when one of the two databases is gone.',
  )
  static override examples = [
    '<%= config.bin %> <%= command.id %> --app example-app',
    '<%= config.bin %> <%= command.id %> --app example-app --now --destroy-source postgresql-flat-12345',
  ]
  static override args = databaseArg
  static override flags = {
    ...appFlags,
    ...changeFlags,
    now: flags.boolean({description: 'do not wait for the end of the hold, 72 hours after the window'}),
    'destroy-source': flags.string({description: 'name of the add-on, to destroy it with all its data'}),
  }

  async run(): Promise<{app: string; cleared: string[]; destroyed?: string}> {
    const parsed = await this.parse(Finish)
    const {app, confirm, now, 'destroy-source': destroy} = parsed.flags
    await this.confirmApp(app, confirm, `There is no way back to Heroku Postgres for ${app} afterwards.`)
    const options = this.operating(parsed, 'rds:finish')
    const left = await clearWhatIsLeft({...options, live: true})
    if (left.length > 0) {
      this.log(`${app}: cleared the ${left.join(' and the ')}; the other is gone`)
      return {app, cleared: left}
    }
    return withMigration(options, async (migration) => {
      const {addon, heroku} = migration
      if (destroy !== undefined) refuseOtherName(destroy, addon.name)
      this.log(`${app}: ${await finishMigration(migration, {now})}`)
      if (destroy === undefined) {
        this.log(
          isOutside(addon)
            ? `${addon.name} is still there, and refuses writes`
            : `Its add-on ${addon.name} is still there and costs what it did: heroku addons:destroy ${addon.name}`,
        )
        return {app, cleared: ['source', 'target']}
      }
      await heroku.destroyAddon(addon)
      this.log(`${addon.name} is destroyed`)
      return {app, cleared: ['source', 'target'], destroyed: addon.name}
    })
  }
}
