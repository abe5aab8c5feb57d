import {printable} from '../printable.js'

/** HTML that can be inserted into a page as it is. */
export interface Markup {
  readonly text: string
}

type Value = Markup | number | string | readonly Markup[]

const NAMED: Record<string, string> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'}

/** Marks text as HTML, which is not escaped. */
export const markup = (text: string): Markup => ({text})

/** A template that makes its values printable and escapes them, unless they are markup themselves. */
export const html = (strings: TemplateStringsArray, ...values: readonly Value[]): Markup =>
  markup(strings.map((part, i) => part + (i < values.length ? escaped(values[i]!) : '')).join(''))

const escaped = (value: Value): string => {
  if (typeof value === 'string' || typeof value === 'number')
    return printable(String(value)).replaceAll(/[&<>"']/g, (sign) => NAMED[sign]!)
  return 'text' in value ? value.text : value.map(({text}) => text).join('')
}
