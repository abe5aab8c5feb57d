/*
 * Rows are compared by their text, column by column in one order: the columns of a table that inherits, or was given its columns one after
 * the other, can stand in another order on the other server.
 */

/** Columns of a table, quoted. */
export interface RowColumns {
  /** Generated ones too, but for virtual ones, which no row holds: reading them can fail, as it does for the app. */
  all: string[]
  /** Those whose text can be longer than a value may be, alone or together: their digest stands for them. */
  long: string[]
}

/** Bytes above which a digest stands for a value. */
const LONG_BYTES = 8 * 1024 ** 2

/** SQL condition on `pg_attribute a`: its values can be long, and `octet_length` tells without reading them. */
export const IS_LONG = `coalesce(
    nullif((select base.typbasetype from pg_type base where base.oid = a.atttypid), 0), a.atttypid)
    in ('text'::regtype, 'varchar'::regtype, 'bytea'::regtype)
  and a.atttypmod not between 0 and ${LONG_BYTES / 4}`

/** The text of some quoted columns of a row `t`. */
export const textOf = (columns: readonly string[]): string =>
  `row(${columns.map((column) => `t.${column}`).join(', ')})::text`

/** The text that stands for some columns of a row. */
export const rowText = (columns: readonly string[], {long}: Pick<RowColumns, 'long'>, row = 't'): string =>
  `row(${columns.map((column) => valueText(`${row}.${column}`, long.includes(column))).join(', ')})::text`

/** SQL expression: 64 bits that stand for a row `t`. */
export const rowHash = (columns: RowColumns): string => `hashtextextended(${rowText(columns.all, columns)}, 0)`

/** SQL condition on `pg_attribute a`: rows hold its values. */
export const IS_STORED = `a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v'`

export const valueText = (value: string, isLong: boolean): string =>
  isLong ? `case when octet_length(${value}) > ${LONG_BYTES} then md5(${value}) else ${value}::text end` : value
