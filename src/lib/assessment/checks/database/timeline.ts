import {answerTo, asking, HIDDEN, TIMELINE} from '../../../postgres/answers.js'
import type {Check} from '../../check.js'
import {sourceAnswering} from '../answering.js'

const hiddenTimeline: Check = {
  id: 'hidden-timeline',
  question: 'Does the source show its timeline, so that syncs notice every failover that lost commits?',
  level: 'warning',
  hinders: ['timeline'],
  advisory: true,
  example: {byHand: 'nothing', facts: sourceAnswering({timeline: HIDDEN, aurora: true})},

  async inspect({source, sourceFacts: {addon}}) {
    const {timeline, aurora} = await source.queryOne<{timeline: string; aurora: boolean}>(`
      ${asking({timeline: TIMELINE})}
      select ${answerTo('timeline')} as timeline, to_regprocedure('aurora_version()') is not null as aurora`)
    if (timeline !== HIDDEN) return []
    return [
      aurora
        ? {
            what: `${addon} runs on Aurora, which hides its timeline: a failover loses no commit, but syncs can miss a restore to an earlier time`,
            remedy: 'do nothing after a failover; run heroku rds:verify --repair after a restore',
          }
        : {
            what: `${addon} hides its timeline: syncs can miss a failover that loses commits`,
            remedy: 'run heroku rds:verify --repair after every failover of the source',
          },
    ]
  },
}

export default [hiddenTimeline] satisfies Check[]
