import type {Check} from '../../check.js'
import {ofEachApp} from './of-each-app.js'

/** Add-ons that write to the database through their own connections. */
const WRITERS = /^(herokuconnect):/
/** Add-ons that start dynos on a schedule, which maintenance mode does not stop. */
const CLOCKS = /^(scheduler|advanced-scheduler|crontogo|cron-to-go|temporize|process-scheduler):/
/** Add-ons that scale dynos automatically. */
const SCALERS = /^(judoscale|rails-autoscale|hirefire|hirefireapp|adept-scale|autoscale):/

const scheduler = ofEachApp({
  id: 'scheduler',
  question: 'Do scheduler add-ons start jobs, which maintenance mode does not pause?',
  level: 'warning',
  byHand: 'heroku',
  failing: () => ({addons: [{name: 'scheduler-flat-1', plan: 'scheduler:standard'}]}),

  found: ({name, addons}) =>
    addons
      .filter(({plan}) => CLOCKS.test(plan))
      .map((addon) => ({
        what: `${addon.name} on ${name} keeps starting jobs in maintenance mode; a job that starts in the window cannot write`,
        remedy: 'choose a window between two runs, or make the jobs safe to repeat',
        fix: `heroku addons:open ${addon.name} --app ${name}`,
        runBy: 'shell',
      })),
})

const autoscaler = ofEachApp({
  id: 'autoscaler',
  question: 'Do autoscaling add-ons start dynos during the window?',
  level: 'warning',
  byHand: 'heroku',
  failing: () => ({addons: [{name: 'judoscale-flat-1', plan: 'judoscale:white'}]}),

  found: ({name, addons}) =>
    addons
      .filter(({plan}) => SCALERS.test(plan))
      .map((addon) => ({
        what: `${addon.name} scales the dynos of ${name} automatically, in the window too`,
        remedy: 'pause it for the window; dynos that it starts cannot write',
        fix: `heroku addons:open ${addon.name} --app ${name}`,
        runBy: 'shell',
      })),
})

const herokuConnect = ofEachApp({
  id: 'heroku-connect',
  question: 'Does Heroku Connect write to the database?',
  level: 'blocker',
  byHand: 'heroku',
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
