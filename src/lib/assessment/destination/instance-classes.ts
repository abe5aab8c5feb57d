/** Instance classes that this plugin proposes, smallest first; memory in GiB, as AWS publishes it. */
const CLASSES: readonly {name: string; memoryGiB: number}[] = [
  {name: 'db.t4g.micro', memoryGiB: 1},
  {name: 'db.t4g.small', memoryGiB: 2},
  {name: 'db.t4g.medium', memoryGiB: 4},
  {name: 'db.m7g.large', memoryGiB: 8},
  {name: 'db.r7g.large', memoryGiB: 16},
  {name: 'db.r7g.xlarge', memoryGiB: 32},
  {name: 'db.r7g.2xlarge', memoryGiB: 64},
  {name: 'db.r7g.4xlarge', memoryGiB: 128},
  {name: 'db.r7g.8xlarge', memoryGiB: 256},
  {name: 'db.r7g.16xlarge', memoryGiB: 512},
  {name: 'db.r6i.24xlarge', memoryGiB: 768},
  {name: 'db.r6i.32xlarge', memoryGiB: 1024},
]

/** Memory of the smallest Aurora class, in GiB. */
const SMALLEST_AURORA_GIB = 4

/** Default max_connections of RDS: LEAST({DBInstanceClassMemory/9531392},5000); a quarter of the memory is deducted for AWS. */
const connectionsOf = (memoryGiB: number) => Math.min(Math.floor((0.75 * memoryGiB * 1024 ** 3) / 9_531_392), 5000)

export interface Need {
  memoryGiB: number
  connections: number
  aurora: boolean
  /** Classes that AWS offers in the region; empty when not read. */
  offered: readonly string[]
}

/** The smallest class with this memory and these connections, and the next larger one for the load. */
export function classesFor({memoryGiB, connections, aurora, offered}: Need): {steady: string; load: string} {
  const choice = CLASSES.filter(
    ({name, memoryGiB: has}) =>
      (offered.length === 0 || offered.includes(name)) && (!aurora || has >= SMALLEST_AURORA_GIB),
  )
  const enough = choice.findIndex(
    ({memoryGiB: has}) => has >= memoryGiB && connectionsOf(has) >= Math.min(connections, 5000),
  )
  const steady = enough === -1 ? choice.length - 1 : enough
  return {steady: choice[steady]!.name, load: choice[Math.min(steady + 1, choice.length - 1)]!.name}
}
