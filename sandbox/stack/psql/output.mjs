/** A result as `psql -A` prints it. */
export function formatResult({command, rowCount, fields, rows}, {tuplesOnly, quiet, separator}) {
  if (fields.length === 0) return quiet || !command ? '' : `${tag(command, rowCount)}\n`
  const lines = rows.map((row) => row.map((value) => value ?? '').join(separator))
  if (!tuplesOnly) {
    lines.unshift(fields.map(({name}) => name).join(separator))
    lines.push(`(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`)
  }

  return lines.map((line) => `${line}\n`).join('')
}

function tag(command, rowCount) {
  if (rowCount === null) return command
  return command === 'INSERT' ? `INSERT 0 ${rowCount}` : `${command} ${rowCount}`
}

export function formatError({severity = 'ERROR', message, detail, hint}) {
  const lines = [`${severity}:  ${message}`]
  if (detail) lines.push(`DETAIL:  ${detail}`)
  if (hint) lines.push(`HINT:  ${hint}`)
  return lines.map((line) => `${line}\n`).join('')
}
