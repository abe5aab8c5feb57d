/** Prettier does not look into template literals: there a line of SQL can be of any length. */
const COLUMNS = 120

/** Some line begins like SQL does; a long message in plain English does not. */
const SQL = new RegExp(
  '^\\s*`?[\\s(]*(select|insert|update|delete|with|create|alter|drop|lock|copy|do|begin|from|((left|cross) )?join|where|and|or' +
    '|union|case|(not )?exists|set|values|refresh|analyze|truncate|grant|revoke|comment)\\b',
  'm',
)

export default {
  meta: {type: 'layout', schema: [], messages: {wide: `A line of SQL has more than ${COLUMNS} columns.`}},
  create: (context) => ({
    TemplateLiteral(node) {
      if (!SQL.test(context.sourceCode.getText(node))) return
      const {start, end} = node.loc
      for (let line = start.line; line <= end.line; line++) {
        const {length} = context.sourceCode.lines[line - 1].slice(0, line === end.line ? end.column : undefined)
        if (length > COLUMNS) context.report({loc: {line, column: COLUMNS}, messageId: 'wide'})
      }
    },
  }),
}
