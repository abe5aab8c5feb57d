import {invalidValue} from './errors.js'

/** How AWS stores a name: in lower case, whatever was typed. Takes an ARN as well. */
export const stored = (identifier: string): string => identifier.split(':').at(-1)!.toLowerCase()

/** The stored form of the identifier that a request names; undefined where it names none. */
export function identifierIn(parameters: URLSearchParams, name: string): string | undefined {
  const given = parameters.get(name)
  if (!given) return undefined
  const identifier = stored(given)
  if (!/^[a-z](-?[a-z0-9])*$/.test(identifier)) {
    throw invalidValue(
      `The parameter ${name} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII ` +
        'letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.',
    )
  }

  return identifier
}
