import type {Line} from './assessment.js'

/* How figures are written, wherever a person reads them. */

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 10 min`. */
export function seconds(value: number): string {
  if (value < 9.95) return `${value.toFixed(1)} s`
  const whole = Math.round(value)
  if (whole < 120) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 120 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.2 GB`, powers of ten. */
export function bytes(value: number | string): string {
  let number = Number(value)
  let unit = 0
  for (; number >= 999.95 && unit < UNITS.length - 1; unit++) number /= 1000
  return `${unit === 0 ? number : number.toFixed(1)} ${UNITS[unit]}`
}

/** `20 ms`. */
export const milliseconds = (value: number): string => `${(value * 1000).toFixed(0)} ms`

/** `20 ms, 2.4 MB/s`. */
export const line = ({roundTripSeconds, bytesPerSecond}: Line): string =>
  `${milliseconds(roundTripSeconds)}, ${bytes(bytesPerSecond)}/s`
