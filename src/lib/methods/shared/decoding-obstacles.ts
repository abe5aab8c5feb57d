import type {Assessment} from '../../ports/assessment.js'

/** Why logical decoding cannot start on this source, from the probe. */
export function replicationObstacles({source: {replication}}: Pick<Assessment, 'source'>): string[] {
  const obstacles = []
  if (replication.walLevel !== 'logical') obstacles.push(`wal_level is ${replication.walLevel}, not logical`)
  if (!replication.role) obstacles.push('the role of DATABASE_URL may not replicate')
  if (replication.slotsLeft <= 0) obstacles.push('no replication slot is left')
  if (replication.trial !== undefined && replication.trial !== 'works') {
    obstacles.push(`a trial slot was refused: ${replication.trial}`)
  }
  return obstacles
}
