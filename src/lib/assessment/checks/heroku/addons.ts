import type {Check} from '../../check.js'
import {ofEachApp} from './of-each-app.js'

/** Add-ons that write to the database by a way of their own. */
const WRITERS = /^(herokuconnect):/
/** Add-ons that start dynos on a clock of their own, which maintenance mode does not stop. */
const CLOCKS = /^(scheduler|advanced-scheduler|crontogo|cron-to-go|temporize|process-scheduler):/
/** Add-ons that raise the number of dynos by themselves. */
const SCALERS = /^(judoscale|rails-autoscale|hirefire|hirefireapp|adept-scale|autoscale):/

const scheduler = ofEachApp({
  id: 'scheduler',
  question: 'Do add-ons start jobs that nothing can pause?',
  level: 'warning',
  failing: () => ({addons: [{name: 'scheduler-flat-1', plan: 'scheduler:standard'}]}),

  found: ({name, addons}) =>
    addons
      .filter(({plan}) => CLOCKS.test(plan))
      .map((addon) => ({
        what: `${addon.name} on ${name} goes on during maintenance; a job that starts in the window is refused its writes`,
        remedy: 'choose a window between two runs, or make the jobs repeatable',
        fix: `heroku addons:open ${addon.name} --app ${name}`,
      })),
})

const autoscaler = ofEachApp({
  id: 'autoscaler',
  question: 'Does an add-on start dynos while they are to be stopped?',
  level: 'warning',
  failing: () => ({addons: [{name: 'judoscale-flat-1', plan: 'judoscale:white'}]}),

  found: ({name, addons}) =>
    addons
      .filter(({plan}) => SCALERS.test(plan))
      .map((addon) => ({
        what: `${addon.name} scales the dynos of ${name} by itself, in the window too`,
        remedy: 'pause it for the window; dynos it starts are refused their writes',
        fix: `heroku addons:open ${addon.name} --app ${name}`,
      })),
})

const herokuConnect = ofEachApp({
  id: 'heroku-connect',
  question: 'Does Heroku Connect write to the database?',
  level: 'blocker',
  failing: () => ({addons: [{name: 'herokuconnect-flat-1', plan: 'herokuconnect:partner'}]}),

  found: ({name, addons}) =>
    addons
      .filter(({plan}) => WRITERS.test(plan))
      .map(() => ({
        what: `Heroku Connect on ${name} writes to the database and works with Heroku Postgres only`,
        remedy: 'pause and remove the connection before the move',
      })),
})

export default [scheduler, autoscaler, herokuConnect] satisfies Check[]
