import {type Outcome, PHASES} from './outcome.js'

const SHOWN = 12

/** One row of the table for each schema, and below it what went wrong, with all that was left out or cured. */
export function tableOf(outcomes: readonly Outcome[]): string[] {
  const head = [
    'schema',
    'tables',
    'indexes',
    'FKs',
    'functions',
    'rows',
    'majors',
    ...PHASES,
    'start',
    'window',
    'pause',
  ]
  const rows = outcomes.map(({schema, majors, counts, filled, phases, ...times}) => [
    schema,
    ...[counts?.tables, counts?.indexes, counts?.foreignKeys, counts?.functions, filled?.rows].map(
      (n) => `${n ?? '–'}`,
    ),
    majors.join('→'),
    ...PHASES.map((phase) => (phases[phase] === undefined ? '–' : phases[phase].length === 0 ? 'ok' : 'FAILED')),
    ...[times.startSeconds, times.windowSeconds, times.writePauseSeconds].map((n) => n?.toFixed(1) ?? '–'),
  ])
  const widths = head.map((title, nth) => Math.max(title.length, ...rows.map((row) => row[nth]!.length)))
  return [head, ...rows].map((row) =>
    row
      .map((cell, nth) => cell.padEnd(widths[nth]!))
      .join('  ')
      .trimEnd(),
  )
}

/** Of one schema, in lines; the full lists are in the JSON. */
export function detailsOf({loaded, filled, assessed, written, phases}: Outcome): string[] {
  const some = (lines: readonly string[]) =>
    lines.length > SHOWN ? [...lines.slice(0, SHOWN), `… and ${lines.length - SHOWN} more`] : lines
  const missing = (filled?.unfilled ?? []).map(
    ({table, rows, because}) => `not filled: ${rows} rows of ${table}: ${because}`,
  )
  return [
    ...some((loaded?.refused ?? []).map((line) => `not loaded: ${line}`)),
    ...some(missing),
    ...(assessed ? [`${assessed.warnings} warnings; blockers: ${assessed.blockers.join(', ') || 'none'}`] : []),
    ...some(
      (assessed?.remedies ?? []).map(
        ({check, sql, by, refused}) => `${check}: ${sql} – ${refused === undefined ? `done by the ${by}` : refused}`,
      ),
    ),
    ...(written ? [`${written.changes} changes; refused by its own rules: ${JSON.stringify(written.refusals)}`] : []),
    ...PHASES.flatMap((phase) => some((phases[phase] ?? []).map((line) => `${phase} FAILED: ${line}`))),
  ].map((line) => line.replaceAll('\n', '\n    '))
}
