/** What a line cannot hold. */
const BREAKS = /[\t-\r\u0085\u2028\u2029]+/g
/** What a terminal or a browser obeys instead of showing it: controls (C0, DEL, C1) and overrides of the direction of text. */
const OBEYED = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu

/**
 * One line of text as it can be shown: names and messages of databases and of Heroku may hold anything. A line break or tab becomes a
 * space, any other control character `�`, so that names that differ look different.
 */
export const printable = (text: string): string => text.replaceAll(BREAKS, ' ').replaceAll(OBEYED, '\uFFFD')

/** The same of several lines, which stay apart. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n')

/** JSON of the same meaning, in which those of these characters that it may hold as they are have become escapes. */
export const printableJson = (json: string): string =>
  json.replaceAll(
    /[\u007F-\u009F\u2028-\u202E\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
