/** Sizes that this plugin proposes, smallest first; memory in GiB, as AWS publishes it. Of the names, the first that can be had. */
const SIZES: readonly {memoryGiB: number; names: readonly string[]; aurora: readonly string[]}[] = [
  {memoryGiB: 1, names: ['db.t4g.micro'], aurora: []},
  {memoryGiB: 2, names: ['db.t4g.small'], aurora: []},
  {memoryGiB: 4, names: ['db.t4g.medium'], aurora: ['db.t4g.medium']},
  {memoryGiB: 8, names: ['db.m8g.large', 'db.m7g.large', 'db.m6i.large'], aurora: ['db.t4g.large']},
  ...(
    [
      ['large', 16],
      ['xlarge', 32],
      ['2xlarge', 64],
      ['4xlarge', 128],
      ['8xlarge', 256],
      ['12xlarge', 384],
      ['16xlarge', 512],
      ['24xlarge', 768],
      ['32xlarge', 1024],
      ['48xlarge', 1536],
    ] as const
  ).map(([size, memoryGiB]) => {
    const names = ['r8g', 'r7g', 'r6i'].map((family) => `db.${family}.${size}`)
    return {memoryGiB, names, aurora: names}
  }),
]

/** Classes that every region has, for where AWS' list of classes could not be read. */
const EVERYWHERE = /^db\.(t4g\.|m7g\.|r7g\.(\d|1[26])?x?large$|r6i\.(24|32)xlarge$)/

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
  const choiceOf = (isSold: (name: string) => boolean) =>
    SIZES.flatMap((size) => {
      const name = (aurora ? size.aurora : size.names).find(isSold)
      return name === undefined ? [] : [{name, memoryGiB: size.memoryGiB}]
    })
  const sold = choiceOf((name) => offered.includes(name))
  const choice = sold.length > 0 ? sold : choiceOf((name) => EVERYWHERE.test(name))
  const enough = choice.findIndex(
    ({memoryGiB: has}) => has >= memoryGiB && connectionsOf(has) >= Math.min(connections, 5000),
  )
  const steady = enough === -1 ? choice.length - 1 : enough
  return {steady: choice[steady]!.name, load: choice[Math.min(steady + 1, choice.length - 1)]!.name}
}
