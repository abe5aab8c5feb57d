import type {Term} from '../methods/method.js'
import {seconds} from './text.js'

/** One term of the window's arithmetic. */
export const termLine = ({what, seconds: takes, measured}: Term): string =>
  `    ${seconds(takes).padStart(12)}  ${what}${measured ? ' (measured)' : ''}`
