import {readFileSync} from 'node:fs'
import {parseArguments} from './arguments.mjs'
import {ConnectionError, connect} from './connect.mjs'
import {formatError, formatResult} from './output.mjs'

process.exitCode = await main(process.argv.slice(2))

/** Exit codes as psql has them: 1 a command of -c failed, 2 no connection, 3 a script failed under ON_ERROR_STOP. */
async function main(argv) {
  let options
  let client
  try {
    options = parseArguments(argv)
    client = await connect(options, process.env)
  } catch (error) {
    process.stderr.write(`psql: error: ${error.message}\n`)
    return error instanceof ConnectionError ? 2 : 1
  }

  try {
    if (options.commands.length > 0) return (await runAll(client, options.commands, options)) ? 0 : 1
    const scripts = options.files.length > 0 ? options.files : [0]
    const done = await runAll(
      client,
      scripts.map((file) => readFileSync(file, 'utf8')),
      options,
    )
    return done || options.variables.ON_ERROR_STOP === undefined ? 0 : 3
  } finally {
    await client.end().catch(() => {})
  }
}

async function runAll(client, texts, options) {
  for (const text of texts) {
    try {
      const results = await client.query({text, rowMode: 'array'})
      for (const result of [results].flat()) process.stdout.write(formatResult(result, options))
    } catch (error) {
      process.stderr.write(formatError(error))
      return false
    }
  }

  return true
}
