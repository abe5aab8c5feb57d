/* How figures are written, wherever a person reads them. */

/** `0.4 s`, `12 s`, `3 min 20 s`. */
export function seconds(value: number): string {
  if (value < 9.95) return `${value.toFixed(1)} s`
  const whole = Math.round(value)
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.2 GB`, powers of ten. */
export function bytes(value: number | string): string {
  let number = Number(value)
  let unit = 0
  for (; number >= 999.95 && unit < UNITS.length - 1; unit++) number /= 1000
  return `${unit === 0 ? number : number.toFixed(1)} ${UNITS[unit]}`
}
