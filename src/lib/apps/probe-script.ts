/** Exit code of the script where the image has no client for Postgres. */
export const UNTRIED = 97

/** A program of a language, and whether the image has what it needs. `URL` and `CHANNEL` are in its environment. */
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
        .then(() => client.query("${notify}", [process.env.CHANNEL, "node-postgres"]))
        .then(() => client.end())
        .catch((error) => { console.error("node-postgres: " + error.message); process.exit(1) })`,
  },
  {
    name: 'postgres.js',
    run: 'node -e',
    has: `require.resolve("postgres")`,
    program: `
      const sql = require("postgres")(process.env.URL, {max: 1});
      sql.notify(process.env.CHANNEL, "postgres.js")
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
        PG.connect(ENV["URL"]).exec_params("${notify}", [ENV["CHANNEL"], "ruby-pg"])
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
    connection.cursor().execute("select pg_notify(%s, %s)", (os.environ["CHANNEL"], "${module}"))
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
      if (!$connection || !pg_query_params($connection, "${notify}", [getenv("CHANNEL"), "php-pgsql"])) exit(1);`,
  },
]

/** Inside single quotes of the shell. */
const quoted = (text: string): string => `'${text.trim().replaceAll("'", `'\\''`)}'`

const tryDriver = ({name, run, has, program}: Driver): string => {
  const [command] = run.split(' ')
  return `
if command -v ${command} >/dev/null 2>&1 && ${run} ${quoted(has)} >/dev/null 2>&1; then
  tried=yes
  URL="$url" ${run} ${quoted(program)} || failed="$failed ${name}"
fi`
}

/**
 * For the shell of a one-off dyno: every client that the image has tells the channel its name. Nothing secret is on a command line;
 * the last line says why a client failed. Ends with 0 when each that was tried came through, with 97 when there is none to try.
 */
export const PROBE_SCRIPT = `
export CHANNEL="$RDS_PROBE_CHANNEL"
tried=; failed=
if command -v psql >/dev/null 2>&1; then
  tried=yes
  PGHOST="$RDS_PROBE_HOST" PGPORT="$RDS_PROBE_PORT" PGUSER="$RDS_PROBE_USER" PGPASSWORD="$RDS_PROBE_PASSWORD" \\
  PGDATABASE="$RDS_PROBE_DATABASE" PGSSLMODE=verify-full PGSSLROOTCERT="$RDS_PROBE_CA" PGOPTIONS="$RDS_PROBE_OPTIONS" \\
    psql -XAtqc "select pg_notify('$CHANNEL', 'psql')" >/dev/null || failed="$failed psql"
fi
nth=1
while eval "url=\\$RDS_PROBE_URL_$nth"; [ -n "$url" ]; do
nth=$((nth + 1))
${DRIVERS.map(tryDriver).join('')}
done
[ -n "$tried" ] || { echo "its image has no client for Postgres"; exit ${UNTRIED}; }
[ -z "$failed" ]`
