/** How the script ends: every client came through; a driver did not; only psql did not; there is none to try. */
export const PROBE_EXIT = {ok: 0, driverFailed: 1, psqlFailed: 2, untried: 97} as const

/** A program of a language, and whether the image has what it needs. `URL`, `CHANNEL` and `PAYLOAD` are in its environment. */
interface Driver {
  name: string
  run: string
  has: string
  program: string
}

const notify = 'select pg_notify($1, $2)'

const DRIVERS: readonly Driver[] = [
  {
    name: 'node-postgres',
    run: 'node -e',
    has: `require.resolve("pg")`,
    program: `
      const {Client} = require("pg");
      const client = new Client({connectionString: process.env.URL});
      client.connect()
        .then(() => client.query("${notify}", [process.env.CHANNEL, process.env.PAYLOAD]))
        .then(() => client.end())
        .catch((error) => { console.error("node-postgres: " + error.message); process.exit(1) })`,
  },
  {
    name: 'postgres.js',
    run: 'node -e',
    has: `require.resolve("postgres")`,
    program: `
      const sql = require("postgres")(process.env.URL, {max: 1});
      sql.notify(process.env.CHANNEL, process.env.PAYLOAD)
        .then(() => sql.end())
        .catch((error) => { console.error("postgres.js: " + error.message); process.exit(1) })`,
  },
  {
    name: 'ruby-pg',
    run: 'ruby -e',
    has: `require "pg"`,
    program: `
      require "pg"
      begin
        PG.connect(ENV["URL"]).exec_params("${notify}", [ENV["CHANNEL"], ENV["PAYLOAD"]])
      rescue => error
        abort "ruby-pg: " + error.message.split.join(" ")
      end`,
  },
  ...['psycopg', 'psycopg2'].map((module) => ({
    name: module,
    run: 'python3 -c',
    has: `import ${module}`,
    program: `
import os, sys, ${module}
try:
    connection = ${module}.connect(os.environ["URL"])
    connection.cursor().execute("select pg_notify(%s, %s)", (os.environ["CHANNEL"], os.environ["PAYLOAD"]))
    connection.commit()
except Exception as error:
    sys.exit("${module}: " + " ".join(str(error).split()))`,
  })),
  {
    name: 'php-pgsql',
    run: 'php -r',
    has: `extension_loaded("pgsql") or exit(1);`,
    program: `
      $connection = pg_connect(getenv("URL"));
      if (!$connection || !pg_query_params($connection, "${notify}", [getenv("CHANNEL"), getenv("PAYLOAD")])) exit(1);`,
  },
]

/** Inside single quotes of the shell. */
const quoted = (text: string): string => `'${text.trim().replaceAll("'", `'\\''`)}'`

const functionOf = ({name}: Driver): string => `say_${name.replaceAll(/\W/g, '_')}`

const define = (driver: Driver): string =>
  `${functionOf(driver)}() { PAYLOAD="$1" URL="$2" ${driver.run} ${quoted(driver.program)}; }`

const tryDriver = (driver: Driver): string => {
  const {name, run, has} = driver
  const [command] = run.split(' ')
  return `
if command -v ${command} >/dev/null 2>&1 && ${run} ${quoted(has)} >/dev/null 2>&1; then
  tried=yes
  if ${functionOf(driver)} "${name} $nth" "$url"; then works=\${works:-${functionOf(driver)}}; else code=${PROBE_EXIT.driverFailed}; fi
fi`
}

/**
 * For the shell of a one-off dyno: every client that the image has tells the channel its name and the number of the URL, and one of
 * them how the script ends. Nothing secret is on a command line; what it prints says why a client failed.
 */
export const PROBE_SCRIPT = `
export CHANNEL="$RDS_PROBE_CHANNEL"
tried=; works=; code=${PROBE_EXIT.ok}
say_psql() {
  PGHOST="$RDS_PROBE_HOST" PGPORT="$RDS_PROBE_PORT" PGUSER="$RDS_PROBE_USER" PGPASSWORD="$RDS_PROBE_PASSWORD" \\
  PGDATABASE="$RDS_PROBE_DATABASE" PGSSLMODE=verify-full PGSSLROOTCERT="$RDS_PROBE_CA" PGOPTIONS="$RDS_PROBE_OPTIONS" \\
    psql -XAtqc "select pg_notify('$CHANNEL', '$1')" >/dev/null
}
${DRIVERS.map(define).join('\n')}
if command -v psql >/dev/null 2>&1; then
  tried=yes
  if say_psql 'psql 0'; then works=say_psql; else code=${PROBE_EXIT.psqlFailed}; fi
fi
nth=1
while eval "url=\\$RDS_PROBE_URL_$nth"; [ -n "$url" ]; do
${DRIVERS.map(tryDriver).join('')}
nth=$((nth + 1))
done
[ -n "$tried" ] || { echo "its image has no client for Postgres"; exit ${PROBE_EXIT.untried}; }
[ -z "$works" ] || $works "exit $code" "$RDS_PROBE_URL_1"
exit $code`
