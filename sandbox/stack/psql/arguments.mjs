import {parseArgs} from 'node:util'

const flags = {
  'no-psqlrc': {type: 'boolean', short: 'X'},
  'no-align': {type: 'boolean', short: 'A'},
  'tuples-only': {type: 'boolean', short: 't'},
  quiet: {type: 'boolean', short: 'q'},
  'no-password': {type: 'boolean', short: 'w'},
  'single-transaction': {type: 'boolean', short: '1'},
  command: {type: 'string', short: 'c', multiple: true, default: []},
  file: {type: 'string', short: 'f', multiple: true, default: []},
  'field-separator': {type: 'string', short: 'F', default: '|'},
  set: {type: 'string', short: 'v', multiple: true, default: []},
  variable: {type: 'string', multiple: true, default: []},
  dbname: {type: 'string', short: 'd'},
  host: {type: 'string', short: 'h'},
  port: {type: 'string', short: 'p'},
  username: {type: 'string', short: 'U'},
}

/** Reads psql's command line; output is always unaligned, whether -A is given or not. */
export function parseArguments(argv) {
  const {values, positionals} = parseArgs({args: argv, options: flags, allowPositionals: true})
  const settings = [...values.set, ...values.variable].map((setting) => setting.split('='))
  return {
    commands: values.command,
    files: values.file,
    tuplesOnly: values['tuples-only'] === true,
    quiet: values.quiet === true,
    separator: values['field-separator'],
    variables: Object.fromEntries(settings.map(([name, ...value]) => [name, value.join('=')])),
    database: values.dbname ?? positionals[0],
    host: values.host,
    port: values.port,
    user: values.username ?? positionals[1],
  }
}
