import type {Assessment, Destination, Eligibility, Finding} from '../assessment/assessment.js'
import {Unread} from '../assessment/fact.js'
import type {FenceState} from '../freeze/fence.js'
import type {Status} from '../status.js'
import type {Term} from '../methods/method.js'
import type {Step} from '../runbook/step.js'
import type {Timeline} from '../runbook/timeline.js'
import {describeWrites} from '../way-back/landed-writes.js'
import {bytes, clockTime, seconds, table, wrap} from './text.js'

const ORDER = ['blocker', 'unknown', 'warning', 'ok'] as const

/** The assessment as text: what stops the move first. */
export function assessmentReport({
  app,
  source,
  target,
  apps,
  findings,
  eligibility,
  recommendation,
  destination,
  bridge,
}: Assessment): string[] {
  const lines = [
    `=== ${app}: ${source.addon}`,
    '',
    ...table([
      ['Plan', source.plan],
      ['Postgres', source.version],
      ['Size', `${bytes(source.bytes)} in ${source.tables} tables`],
      ['Connections', `${source.connections.used} of ${source.connections.limit}`],
      ['Extensions', source.extensions.map(({name, schema}) => `${name} (${schema})`).join(', ') || 'none'],
      ['Followers', followersOf(source)],
      [
        'Replication',
        `wal_level ${source.replication.walLevel}, role ${source.replication.role ? 'may' : 'may not'} replicate`,
      ],
      ['Apps', apps.map((entry) => `${entry.name} (${entry.attachments.map(({name}) => name).join(', ')})`).join(', ')],
      [
        'Writers',
        apps
          .flatMap((entry) => [
            ...entry.formation
              .filter(({quantity}) => quantity > 0)
              .map(({type, quantity}) => `${entry.name}/${type} ×${quantity}`),
            ...entry.oneOffs.map((dyno) => `${entry.name}/${dyno}`),
          ])
          .join(', ') || 'no dyno is running',
      ],
      [
        'Target',
        target
          ? `Postgres ${target.version} at ${target.place}${target.instance instanceof Unread ? '' : `, ${target.instance.instanceClass}`}`
          : 'none named: export RDS_DATABASE_URL to have it checked',
      ],
    ]),
    '',
  ]
  for (const level of ORDER) {
    const found = findings.filter((finding) => finding.level === level)
    if (found.length > 0)
      lines.push(
        `=== ${level === 'unknown' ? 'could not be checked' : `${level}s`}`,
        '',
        ...found.flatMap(findingLines),
        '',
      )
  }
  lines.push('=== methods', '')
  for (const {title, possible, because, window} of eligibility) {
    lines.push(possible ? `${title}: possible, window about ${seconds(window.seconds)}` : `${title}: not possible`)
    lines.push(...(possible ? window.terms.map(termLine) : because.flatMap((reason) => wrap(reason, '    '))))
  }
  lines.push(
    '',
    ...(recommendation
      ? wrap(`Recommended: ${recommendation.method} – ${recommendation.because}`)
      : ['No method fits: see the blockers above.']),
    '',
    ...destinationLines(destination),
    ...(bridge ? ['', '=== too large to copy through a client', '', ...bridge.flatMap((line) => wrap(line))] : []),
  )
  return lines
}

const destinationLines = ({engine, because, version, loadClass, steadyClass, storage, replaces}: Destination) => [
  ...wrap(
    `A starting point at AWS: ${engine} ${version}, ${steadyClass}, ${loadClass} while it is loaded – ${because.join('; ')}`,
  ),
  ...wrap(
    `${storage.gigabytes === null ? storage.type : `${storage.gigabytes} GB of ${storage.type}`}: ${storage.because}`,
    '    ',
  ),
  ...replaces.flatMap(({what, by}) => wrap(`${what}: ${by}`, '    ')),
]

const termLine = ({what, seconds: takes, measured}: Term): string =>
  `    ${seconds(takes).padStart(12)}  ${what}${measured ? ' (measured)' : ''}`

const followersOf = ({info}: Assessment['source']): string =>
  info instanceof Unread ? `not known: ${info.message}` : (info.Followers ?? []).join(', ') || 'none'

const findingLines = ({what, remedy, fix}: Finding): string[] => [
  ...wrap(what),
  ...wrap(`→ ${remedy}`, '    '),
  ...(fix ? wrap(fix, '      ') : []),
]

/** The runbook as the run executes it. */
export function runbookReport(steps: readonly Step[], window: Eligibility['window']): string[] {
  const rows = steps.map(({title, window: place, undo, pointOfNoCheapReturn}) => [
    place === 'inside' ? 'window' : place,
    title,
    pointOfNoCheapReturn
      ? 'undone while no write has landed'
      : undo === 'nothing'
        ? ''
        : undo === 'impossible'
          ? 'cannot be undone'
          : 'undone by rollback',
  ])
  return [
    ...table(rows),
    '',
    `The window: about ${seconds(window.seconds)}, by arithmetic`,
    ...window.terms.map(termLine),
  ]
}

/** What was done when, with the two figures that matter. */
export function timelineReport({entries, windowSeconds, writePauseSeconds}: Timeline): string[] {
  const rows = entries.map(({startedAt, title, seconds: took, evidence, undone}) => [
    clockTime(startedAt),
    undone ? `${title} (undone)` : title,
    took === undefined ? '–' : seconds(took),
    evidence ?? '',
  ])
  return [
    ...table(rows.map((row) => row.slice(0, 3))).flatMap((line, i) => [line, ...wrap(rows[i]![3]!, '          ')]),
    '',
    ...(writePauseSeconds === undefined ? [] : [`write pause ${seconds(writePauseSeconds)}`]),
    ...(windowSeconds === undefined ? [] : [`window ${seconds(windowSeconds)}`]),
  ]
}

const FENCES: Record<FenceState, string> = {
  absent: 'takes writes',
  lowered: 'takes writes, fence in place',
  raised: 'refuses writes',
}

/** Where the migration stands. */
export function statusReport({app, phase, next, method, source, target, timeline, landed}: Status): string[] {
  return [
    `=== ${app}: ${phase}`,
    '',
    ...table([
      ['Method', method ?? 'not chosen yet'],
      ['Source', `${source.addon} ${FENCES[source.fence]}`],
      ['Target', target ? `${target.place} ${FENCES[target.fence]}` : 'none named: export RDS_DATABASE_URL'],
      ...(phase === 'live'
        ? [['Written to RDS', landed.length > 0 ? describeWrites(landed) : 'nothing yet: rds:rollback loses nothing']]
        : []),
    ]),
    '',
    ...(timeline && timeline.entries.length > 0 ? [...timelineReport(timeline), ''] : []),
    `Next: ${next}`,
  ]
}
