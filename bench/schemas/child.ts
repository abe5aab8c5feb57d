// Moves one schema and prints what came of it as JSON: the CLI's client remembers for its whole process whom it talks to.
import {readFileSync} from 'node:fs'
import {basename} from 'node:path'

import type {Major} from '../../sandbox/postgres/binaries.js'
import {moveSchema} from './move.js'

const [file, source, target, rows] = process.argv.slice(2)
const outcome = await moveSchema({
  text: readFileSync(file!, 'utf8'),
  name: basename(file!, '.sql'),
  majors: [Number(source) as Major, Number(target) as Major],
  rowsEach: Number(rows),
  tell: (phase) => console.error(phase),
})
process.stdout.write(JSON.stringify(outcome), () => process.exit())
