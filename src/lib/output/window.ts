import {seconds} from '../ports/figures.js'
import type {Term} from '../ports/assessment.js'

/** One term of the window's arithmetic. */
export const termLine = ({what, seconds: takes, measured}: Term): string =>
  `    ${seconds(takes).padStart(12)}  ${what}${measured ? ' (measured)' : ''}`
