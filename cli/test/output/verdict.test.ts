// SPDX-License-Identifier: Apache-2.0
/** What a second look found, as people and scripts see it. */
import { describe, expect, it } from '@jest/globals'
import type { Result } from '@sallyport/core/protocol'
import { jobDocument } from '../../src/output/job-document.ts'
import type { KnownJob } from '../../src/output/known-job.ts'
import { PLAIN } from '../../src/output/paint.ts'
import type { Talk } from '../../src/output/talk.ts'
import { verdictLine } from '../../src/output/verdict.ts'
import { showJob } from '../../src/work/show-job.ts'

type Verification = NonNullable<Result['verification']>

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const contradicted: Verification = { verdict: 'contradicted', message: 'guest 101 is stopped' }

/** A job that is done, with what its second look found. */
function knownJob(verification?: Verification): KnownJob {
  const instant = '2026-11-22T08:00:00.000Z'
  const stepsMs = { open: 1, admit: 1, journal: 1, run: 1, record: 1 }
  const result = { state: 'done', output: { id: 101 }, verification, stepsMs, handlesUsed: [] }
  return {
    job: { jobId: ID, jobType: 'proxmox/guest.start', agentId: ID, input: {} },
    agent: { name: 'pve1' },
    times: { queuedAt: instant, deliveredAt: instant, answeredAt: instant, totalMs: 5 },
    answer: {
      result: { ...result, checksPassedCount: 9 },
      audit: { index: 1, treeSize: 2, root: new Uint8Array(32) },
    },
  } as unknown as KnownJob
}

/** Shows the job; what was printed, and the exit code or what was thrown. */
function shown(known: KnownJob, isJson = false) {
  const out: string[] = []
  const said: string[] = []
  const talk = {
    manner: { isJson, isQuiet: false, isColoured: false },
    paint: PLAIN,
    aside: PLAIN,
    answer: (document: object, screen: () => string) =>
      void out.push(isJson ? JSON.stringify(document) : screen()),
    say: (text: string) => void said.push(text),
  } as unknown as Talk
  try {
    return { exit: showJob(talk, known), out: out.join('\n'), said: said.join('\n') }
  } catch (error) {
    return { error, out: out.join('\n'), said: said.join('\n') }
  }
}

describe('a verdict', () => {
  it('is one line, whatever the plugin wrote into it', () => {
    const line = verdictLine({ verdict: 'verified', message: 'guest\u202e 101\u001b[2J' }, PLAIN)
    expect(line).toBe('verified  guest\\u{202e} 101\\u{1b}[2J')
  })

  it.each([
    ['verified', '<good>'],
    ['contradicted', '<warn>'],
    ['inconclusive', '<warn>'],
  ] as const)('%s has its colour', (verdict, colour) => {
    const named = (name: string) => (text: string) => `<${name}>${text}`
    const paint = { ...PLAIN, good: named('good'), warn: named('warn') }
    expect(verdictLine({ verdict, message: 'm' }, paint)).toContain(`${colour}${verdict}`)
  })
})

describe('a job that is done', () => {
  it.each(['verified', 'inconclusive'] as const)('and %s exits with 0 and says so', (verdict) => {
    const { exit, said, out } = shown(knownJob({ verdict, message: 'guest 101 is running' }))
    expect(exit).toBe(0)
    expect(said).toContain(`\n${verdict}  guest 101 is running\n`)
    expect(out).toContain('101')
  })

  it('without a second look says nothing of one', () => {
    expect(shown(knownJob()).said).not.toMatch(/verified|contradicted|inconclusive/)
  })

  it('and contradicted shows its output and its verdict, and then is a problem that exits with 1', () => {
    const { error, said, out } = shown(knownJob(contradicted))
    expect(out).toContain('101')
    expect(said).toContain('contradicted  guest 101 is stopped')
    expect(error).toMatchObject({ code: 'ERR_CONTRADICTED', exit: 1 })
    expect((error as Error).message).toContain('a second look says otherwise: guest 101 is stopped')
  })

  it('and contradicted stays done in the document, which has verdict and error', () => {
    const document = jobDocument(knownJob(contradicted))
    expect(document).toMatchObject({
      state: 'done',
      result: { output: { id: 101 }, verification: contradicted },
      error: { code: 'ERR_CONTRADICTED' },
    })
    expect(shown(knownJob(contradicted), true)).toMatchObject({ exit: 1 })
  })
})
