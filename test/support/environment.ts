import {setFlagsFromString} from 'node:v8'

// Set before any module of the CLI is loaded: no telemetry, no update check, one clock, one width.
process.env.DISABLE_TELEMETRY = 'true'
process.env.HEROKU_DISABLE_AUTOUPDATE = '1'
process.env.HEROKU_SKIP_NEW_VERSION_CHECK = 'true'
process.env.OCLIF_DISABLE_LINKED_ESM_WARNING = '1'
process.env.TZ = 'UTC'
process.env.FORCE_COLOR = '0'

// Of compiled tests the traces are to name the sources. Not by a flag of node: its worker threads would read maps, too.
if (process.env['COMPILED']) process.setSourceMapsEnabled(true)

// pg_dump as WebAssembly runs too shortly for the compiler that optimizes it: three quarters of its time.
setFlagsFromString('--liftoff-only')
