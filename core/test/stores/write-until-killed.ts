// SPDX-License-Identifier: Apache-2.0
/** A program for the tests: takes jobs through the journal as fast as it can, and says what is committed once it is. */
import { writeSync } from 'node:fs'
import { openStateDirectory } from '@sallyport/core/stores'
import { NOW_MS, answerOf, idOf, journalOf, openStore, runOf } from './agent-store-fixture.ts'

const [path, first] = process.argv.slice(2)
const directory = openStateDirectory(path!)
const store = openStore(directory.file('agent.db'))
const journal = journalOf(store)
/** Why not console.log: the line must be out before the next commit begins. */
const say = (line: string): number => writeSync(1, `${line}\n`)

say('ready')
for (let n = Number(first); ; n += 1) {
  const jobId = idOf(n)
  const at = NOW_MS + n
  journal.transaction(() => {
    journal.addRun(runOf(n))
    journal.raiseClock(at)
    journal.audit([{ event: 'job.admitted', jobId, details: { n } }], at)
  })
  say(`intent ${n}`)
  journal.transaction(() => {
    journal.finishRun(jobId, at)
    const details = { text: 'x'.repeat((n * 37) % 5_000) }
    journal.audit([{ event: 'handle.used', jobId, details }], at)
    const indices = journal.audit([{ event: 'run.finished', jobId, details: {} }], at)
    const signed = new TextEncoder().encode(JSON.stringify(journal.prove(indices[0]!)))
    journal.putOutbox(answerOf(n, { jobId, signed }))
  })
  say(`outcome ${n}`)
  if (n % 3 === 0) {
    journal.transaction(() => journal.acknowledge(jobId, at))
    say(`acknowledged ${n}`)
  }
}
