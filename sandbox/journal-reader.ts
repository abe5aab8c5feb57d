import pg from 'pg'

export interface JournalFigures {
  /** Maintenance on to maintenance off, of the attempt that went live. */
  windowSeconds: number
  /** Source refuses writes to target accepts them. */
  writePauseSeconds: number
  steps: {step: string; startedAt: Date; seconds: number | null; undone: boolean}[]
}

/** Reads the plugin's journal as an outsider: plain SQL on the target, no code of the plugin's. */
export async function readJournal(targetUrl: string): Promise<JournalFigures> {
  const client = new pg.Client({connectionString: targetUrl})
  await client.connect()
  try {
    const {rows: steps} = await client.query<{step: string; startedAt: Date; seconds: number | null; undone: boolean}>(`
      select step, started_at as "startedAt", extract(epoch from finished_at - started_at)::float8 as seconds, undone_at is not null as undone
      from heroku_rds.steps where attempt = (select max(attempt) from heroku_rds.steps) order by id`)
    const {rows} = await client.query<{window: number; pause: number}>(`
      with latest as (select max(attempt) as attempt from heroku_rds.steps)
      select extract(epoch from closed.finished_at - opened.started_at)::float8 as window,
        extract(epoch from (released.value ->> 'at')::timestamptz - (frozen.value ->> 'at')::timestamptz)::float8 as pause
      from latest
      left join heroku_rds.steps opened on opened.attempt = latest.attempt and opened.step = 'enter-maintenance'
      left join heroku_rds.steps closed on closed.attempt = latest.attempt and closed.step = 'open'
      left join heroku_rds.notes frozen on frozen.attempt = latest.attempt and frozen.key = 'frozen'
      left join heroku_rds.notes released on released.attempt = latest.attempt and released.key = 'opened'`)
    return {windowSeconds: rows[0]!.window, writePauseSeconds: rows[0]!.pause, steps}
  } finally {
    await client.end()
  }
}
