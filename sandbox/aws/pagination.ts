import {invalidValue} from './errors.js'

/** The page that Marker and MaxRecords ask for; a Marker of its own says that there is more. */
export function paginate<T>(
  items: T[],
  parameters: URLSearchParams,
  largest = 100,
): {page: T[]; Marker: string | undefined} {
  const size = Number(parameters.get('MaxRecords') ?? 100)
  if (!(size >= 20 && size <= largest)) {
    throw invalidValue(`Invalid value ${size} for MaxRecords. Must be between 20 and ${largest}`)
  }

  const marker = parameters.get('Marker')
  const start = marker ? Number(Buffer.from(marker, 'base64').toString()) : 0
  if (!Number.isInteger(start)) throw invalidValue(`Invalid marker: ${marker}`)
  const end = start + size
  return {
    page: items.slice(start, end),
    Marker: end < items.length ? Buffer.from(String(end)).toString('base64') : undefined,
  }
}
