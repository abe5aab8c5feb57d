import type {Assessment, Copy, Eligibility, Finding, TableSize, Window} from '../../ports/assessment.js'
import {ifKnown, Unread} from '../../ports/fact.js'
import {hindrancesOf} from '../../assessment/hindrances.js'
import {bytes, line, milliseconds, seconds} from '../../ports/figures.js'

/** Contents of the report in every format, in the order shown. */
export interface View {
  title: string
  takenAt: string
  verdict: {kind: 'ready' | 'refused' | 'unverified'; text: string}
  /** Most serious first; no group is empty. */
  groups: {kind: 'blocker' | 'other' | 'unknown' | 'warning'; title: string; findings: readonly Finding[]}[]
  facts: [label: string, value: string][]
  methods: readonly MethodView[]
  /** Longest window allowed, in seconds. */
  budgetSeconds?: number
  recommendation: string
  destination: string[]
  bridge: readonly string[]
  blindSpots: readonly string[]
  largest: readonly TableSize[]
}

/** A method, with the reasons why it is not possible, in words. */
export interface MethodView extends Omit<Eligibility, 'because'> {
  reasons: string[]
}

export function viewOf(assessment: Assessment): View {
  const {app, source, findings, recommendation, takenAt, checks, budgetSeconds} = assessment
  const concerns = ({methods}: Finding) => methods.length === 0 || methods.some((id) => id === recommendation?.method)
  const ofLevel = (level: Finding['level']) => findings.filter((finding) => finding.level === level)
  const warnings = ofLevel('warning')
  const groups: View['groups'] = [
    {kind: 'blocker', title: 'Blockers', findings: ofLevel('blocker')},
    {kind: 'unknown', title: 'Could not be checked', findings: ofLevel('unknown')},
    {kind: 'warning', title: 'Warnings', findings: warnings.filter(concerns)},
    {kind: 'other', title: 'Warnings for other methods only', findings: warnings.filter((one) => !concerns(one))},
  ]
  return {
    title: `${app}: ${source.addon}`,
    takenAt: `${takenAt.slice(0, 16).replace('T', ' ')} UTC, ${checks} questions asked`,
    verdict: verdictOf(assessment),
    groups: groups.filter((group) => group.findings.length > 0),
    facts: factsOf(assessment),
    methods: assessment.eligibility.map(({because: _, ...method}) => ({
      ...method,
      reasons: hindrancesOf(assessment, method.method).map(({what}) => what),
    })),
    ...(budgetSeconds === undefined ? {} : {budgetSeconds}),
    recommendation: recommendation
      ? `${titleOf(assessment, recommendation.method)}: ${recommendation.because}`
      : 'No method fits.',
    destination: destinationOf(assessment),
    bridge: assessment.bridge ?? [],
    blindSpots: assessment.blindSpots,
    largest: source.largest,
  }
}

const titleOf = ({eligibility}: Assessment, id: string) => eligibility.find(({method}) => method === id)!.title

const count = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`

function verdictOf(assessment: Assessment): View['verdict'] {
  const {recommendation, eligibility, findings, budgetSeconds} = assessment
  const unknown = findings.filter(({level}) => level === 'unknown').length
  if (!recommendation) {
    const possible = eligibility.filter((method) => method.possible)
    const blockers = findings.filter(({level}) => level === 'blocker').length
    const shortest = Math.min(...possible.map(({window}) => window.seconds))
    const text =
      possible.length > 0 && budgetSeconds !== undefined
        ? `Not within ${seconds(budgetSeconds)}: the shortest window possible is about ${seconds(shortest)}`
        : `Not ready: ${count(blockers, 'blocker')}`
    return {kind: 'refused', text}
  }
  const {title, window} = eligibility.find(({method}) => method === recommendation.method)!
  const ready = `${title}, a window of about ${seconds(window.seconds)}`
  return unknown > 0
    ? {kind: 'unverified', text: `Unverified: ${ready}, with ${count(unknown, 'answer')} missing`}
    : {kind: 'ready', text: `Ready: ${ready}`}
}

const told = <T>(fact: T | Unread, show: (value: T) => string): string =>
  fact instanceof Unread ? `not known: ${fact.message}` : show(fact)

const listed = (values: readonly string[] | undefined, none = 'none') => values?.join(', ') || none

function distanceOf({distance, copy}: Assessment): View['facts'] {
  if (!distance) return []
  const lines = [
    `${told(distance.source, line)} from the source`,
    ...(distance.target ? [`${told(distance.target, line)} to the target`] : []),
    `${milliseconds(distance.herokuSeconds)} for a request to Heroku`,
  ]
  return [
    ['Distance', lines.join('; ')],
    ...(copy ? [['Copy', told(copy, copyInWords)] satisfies View['facts'][number]] : []),
  ]
}

const copyInWords = ({bytes: sent, bytesPerSecond, seconds: takes, nearSeconds}: Copy): string =>
  `about ${seconds(takes)} for ${bytes(sent)}, ${bytesPerSecond === null ? 'over a line that was not measured' : `of which this line carries ${bytes(bytesPerSecond)} a second`}; beside the databases about ${seconds(nearSeconds)}`

function factsOf(assessment: Assessment): View['facts'] {
  const {source, target, apps, unseen} = assessment
  const {connections, replication, activity} = source
  const rate = (value: number) => value.toLocaleString('en', {maximumFractionDigits: 1})
  return [
    ['Plan', source.plan],
    ['Postgres', `${source.version}, collation ${source.collation}`],
    [
      'Size',
      `${bytes(source.bytes)} in ${count(source.tables, 'table')}, of which ${bytes(source.indexBytes)} are indexes`,
    ],
    [
      'Load',
      activity
        ? `${rate(activity.commitsPerSecond)} transactions and ${rate(activity.rowsPerSecond)} rows written per second, over ${activity.seconds.toFixed(0)} s`
        : 'not measured',
    ],
    ['Connections', `${connections.used} of ${connections.limit}`],
    ['Extensions', listed(source.extensions.map(({name, version, schema}) => `${name} ${version} (${schema})`))],
    ['Availability', told(source.info, (info) => listed(info['HA Status'], 'a single server'))],
    ['Followers', told(source.info, (info) => listed(info['Followers']))],
    ['Forks', told(source.info, (info) => listed(info['Forks']))],
    ['Maintenance', told(source.plannedMaintenance, (planned) => planned ?? 'none planned')],
    [
      'Replication',
      `wal_level ${replication.walLevel}, REPLICATION attribute ${replication.role ? 'present' : 'missing'}, ${count(replication.slotsLeft, 'slot')} free${replication.trial ? `; trial slot: ${replication.trial}` : ''}`,
    ],
    ...apps.flatMap((app): View['facts'] => [
      [
        `App ${app.name}`,
        listed(app.attachments.map(({name, namespace}) => (namespace ? `${name} (${namespace})` : name))),
      ],
      [
        '',
        `${app.space ? `space ${app.space}` : 'Common Runtime'} in ${app.region}, ${app.stack}, ${app.language ?? 'language unknown'}`,
      ],
      ['', `release v${app.release}, runs ${writersOf(app)}`],
      [
        '',
        told(app.network, (network) =>
          network === null
            ? 'no static IP addresses'
            : `from ${listed(network.addresses)}${network.peered ? ', peered' : ''}`,
        ),
      ],
    ]),
    ...unseen.map(({app}): [string, string] => [`App ${app}`, 'could not be inspected']),
    [
      'Target',
      target
        ? `Postgres ${target.version} at ${target.place}, ${ifKnown(target.instance)?.instanceClass ?? 'instance class not known'}`
        : 'none named: export RDS_DATABASE_URL to check it',
    ],
    ...distanceOf(assessment),
  ]
}

/** `3 min 23 s`, and how much of it the distance makes. */
export const windowLength = ({seconds: all, distanceSeconds = 0}: Window): string =>
  `${seconds(all)}${distanceSeconds < WORTH_A_WORD ? '' : `, ${seconds(distanceSeconds)} of it for the distance`}`

/** In seconds. */
const WORTH_A_WORD = 0.05

const writersOf = ({formation, oneOffs}: Assessment['apps'][number]): string =>
  listed(
    [...formation.filter(({quantity}) => quantity > 0).map(({type, quantity}) => `${type} ×${quantity}`), ...oneOffs],
    'no dynos',
  )

const destinationOf = ({destination}: Assessment): string[] => {
  const {engine, version, steadyClass, loadClass, because, storage, replaces} = destination
  return [
    `${engine} ${version}, ${steadyClass} (${loadClass} during the load) – ${because.join('; ')}`,
    `${storage.gigabytes === null ? storage.type : `${storage.gigabytes} GB of ${storage.type}`}: ${storage.because}`,
    ...replaces.map(({what, by}) => `${what}: ${by}`),
  ]
}
