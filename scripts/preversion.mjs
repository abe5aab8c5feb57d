// A release has notes: refuses to make a version while they stand under Pending.
import {readFileSync} from 'node:fs'

if (/^## Pending\n\n- /m.test(readFileSync('CHANGELOG.md', 'utf8'))) {
  process.stderr.write('CHANGELOG.md has notes under "## Pending": move them under the version first\n')
  process.exit(1)
}
