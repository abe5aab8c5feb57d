import {expect} from 'chai'

import {changeCapture} from '../../src/lib/methods/change-capture/index.js'
import {dumpRestore} from '../../src/lib/methods/dump-restore.js'
import {copyReport, followReport, verifyReport} from '../../src/lib/output/progress.js'
import {preparationFor, runbookFor} from '../../src/lib/playbook.js'
import type {StepRecord} from '../../src/lib/ports/ports.js'
import {type Phase, phaseFrom} from '../../src/lib/actions/phase.js'

describe('Progress is told', () => {
  it('of a copy: bytes, tables, indexes, rate and the time that is left', () => {
    const {line, block} = copyReport({
      seconds: 10,
      bytes: 1_200_000_000,
      totalBytes: 3_400_000_000,
      tables: 12,
      totalTables: 40,
      indexes: 3,
      totalIndexes: 20,
      bytesPerSecond: 45_100_000,
      secondsLeft: 130,
      running: [
        {what: 'rows', table: 'public.orders', bytes: 32_000_000, sent: 4_000_000},
        {what: 'index orders_pkey', table: 'public.orders', bytes: 1, sent: 0},
      ],
    })
    expect(line).to.equal('1.2 GB of 3.4 GB, 12 of 40 tables, 3 of 20 indexes, 45.1 MB/s, about 2 min 10 s left')
    expect(block[0]).to.match(/^█{11}░{19} 1\.2 GB/)
    expect(block.slice(1)).to.deep.equal(['public.orders: 4.0 MB of 32.0 MB', 'public.orders: index orders_pkey'])
  })

  it('of a verification', () => {
    const {line} = verifyReport({tables: 2, totalTables: 5, bytes: 500, totalBytes: 1000})
    expect(line).to.equal('500 B of 1.0 kB compared, 2 of 5 tables')
  })

  it('of a sync, with what holds it back', () => {
    const state = {
      syncNumber: '12',
      at: '',
      equal: false,
      entries: 1345,
      rows: 9,
      seconds: 0.24,
      waiting: 'waiting for pid 7',
    }
    expect(followReport(state).line).to.equal(
      'sync 12: 1,345 changes in 0.2 s, more changes have arrived, waiting for pid 7',
    )
    expect(followReport({...state, equal: true}).line).to.contain('equal to the source')
  })
})

describe('The phase of a migration', () => {
  const record = (step: string, change: Partial<StepRecord> = {}): StepRecord => ({
    step,
    startedAt: new Date(),
    finishedAt: new Date(),
    undoneAt: null,
    evidence: null,
    operator: 'somebody',
    waits: null,
    ...change,
  })
  const steps = runbookFor(changeCapture)
  const preparation = preparationFor(changeCapture)
  const phase = (records: StepRecord[], attempt = 1): Phase =>
    phaseFrom(steps, records, attempt, {begins: changeCapture.follow!.begins, steps: preparation})
  const prepared = preparation.map(({id}) => record(id))

  it('follows from what is in effect', () => {
    expect(phase([])).to.equal('not started')
    expect(phase([], 2)).to.equal('rolled back')
    expect(phase([record('preflight'), record('claim-target')])).to.equal('prepared')
    expect(phase(prepared.slice(0, 5))).to.equal('copying')
    expect(phase([...prepared.slice(0, -1), record('try-constraints', {finishedAt: null})])).to.equal('copying')
    expect(phase(prepared)).to.equal('following')
    expect(phase([...prepared, record('enter-maintenance')])).to.equal('window')
    expect(phase([...prepared, record('enter-maintenance', {undoneAt: new Date()})])).to.equal('following')
    expect(phase([...prepared, record('enter-maintenance'), record('open')])).to.equal('live')
    expect(phase([...prepared, record('enter-maintenance'), record('open'), record('finish')])).to.equal('finished')
  })

  it('is never following where nothing follows', () => {
    expect(phaseFrom(runbookFor(dumpRestore), [record('preflight'), record('install-fence')], 1)).to.equal('prepared')
  })
})
