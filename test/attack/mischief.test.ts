// SPDX-License-Identifier: Apache-2.0
/** A plugin that misbehaves within its walls, on a running agent: what it says, how it ends, what it leaves behind. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readAgentPlugins } from '@sallyport/agent'
import { digestOf } from '@sallyport/core/crypto'
import type { Result } from '@sallyport/core/protocol'
import { auditEvents } from '../support/audit.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { patient } from '../support/patience.ts'
import { sallyport } from '../support/programs.ts'

let field: Field
let agent: KnownAgent
let bundle: Uint8Array

beforeAll(async () => {
  ;({ field, agent } = await Field.openWithCounter())
  bundle = await field.approve(agent, 'mischief')
  await count('warm')
})

afterAll(() => field[Symbol.asyncDispose]())

const run = (job: string): Promise<Result> =>
  field.operator.run(agent, { jobType: `mischief/${job}`, input: {} })

const count = (key: string): Promise<Result> =>
  field.operator.run(agent, { jobType: 'counter/add', input: { key } })

/** Processes of sandboxes below the agent: those whose program is `/node`. */
async function sandboxedPids(pid = field.program('pve1').pid): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => ''))
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)
  const below = (await Promise.all(children.map(sandboxedPids))).flat()
  return [...children, ...below]
}

describe('what a plugin says', () => {
  it('is kept as it is in the signed result, and as one line in the log of the agent', async () => {
    const result = await run('says')
    expect(result.state).toBe('done')
    const { stderr } = field.program('pve1').output()
    expect(stderr).not.toContain('\u001b')
    // Node's own warnings of this un-built program are no lines of its log.
    for (const line of stderr.split('\n').filter((each) => /^[^(\s]/.test(each)))
      expect(() => JSON.parse(line) as unknown).not.toThrow()
  })

  it('changes no prototype: an output that could is refused', async () => {
    const result = await run('polluting')
    expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_OUTPUT_FORM' } })
    expect(({} as { isOwned?: boolean }).isOwned).toBeUndefined()
  })

  it('is bounded', async () => {
    const result = await run('large')
    expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_OUTPUT_LIMIT' } })
  })

  it('is kept as text when it is a failure', async () => {
    const result = await run('fails')
    expect(result).toMatchObject({ state: 'failed', failure: { code: 'ERR_LOUD' } })
    for (const { event, details } of auditEvents(field.stateDir('pve1')))
      if (event === 'run.failed') expect(JSON.stringify(details)).not.toContain('\u001b')
  })
})

describe('a run that does not end', () => {
  it('is gone with its whole tree two seconds after its deadline, and others go on meanwhile', async () => {
    const started = Date.now()
    let isOver = false
    const staying = run('stays').finally(() => (isOver = true))
    await sleep(500)
    expect(await count('meanwhile')).toMatchObject({ state: 'done' })
    expect(isOver).toBe(false)
    const pids = await sandboxedPids()
    expect(await staying).toMatchObject({ state: 'failed', failure: { code: 'ERR_RUN_TIMEOUT' } })
    expect(Date.now() - started).toBeLessThan(patient(4_000 + 2_000 + 1_000))
    const leftCount = async () => (await sandboxedPids()).filter((pid) => pids.includes(pid)).length
    // The counter's own three processes stay.
    while ((await leftCount()) > 3) await sleep(50)
  })
})

describe('what belongs to another plugin', () => {
  it('is not found in its state', async () => {
    expect(await run('steals')).toMatchObject({ state: 'done', output: { stolen: [] } })
  })

  it('is not bound for it', async () => {
    const file = join(field.folder, 'password')
    await writeFile(file, 'canary', { mode: 0o600 })
    const args = ['agent', 'bind', 'counter', 'password', '--secret-file', file]
    const place = ['--state-dir', field.stateDir('pve1')]
    const bound = await sallyport([...args, ...place], { home: field.folder })
    expect(bound.code).toBe(0)
    expect(await run('spies')).toMatchObject({
      state: 'refused',
      refusal: { reason: 'not_bound', details: { unbound: ['secret password'] } },
    })
  })
})

describe('a plugin that keeps crashing', () => {
  it('is put into quarantine, over a restart too, until an operator releases it', async () => {
    const reasons: (string | undefined)[] = []
    for (let attempt = 0; attempt < 40 && !reasons.includes('quarantined'); attempt += 1) {
      const { refusal, failure } = await run('crashes')
      reasons.push(refusal?.reason ?? failure?.code)
      const wait = (failure?.details as { waitMs?: number } | undefined)?.waitMs ?? 0
      await sleep(wait)
    }
    // A run that did not end is one of the five, too.
    const crashCount = reasons.filter((reason) => reason === 'ERR_PLUGIN_CRASHED').length
    expect([4, 5]).toContain(crashCount)
    expect(reasons.at(-1)).toBe('quarantined')
    expect(await count('alive')).toMatchObject({ state: 'done' })

    await field.end('pve1')
    await field.startAgent('pve1')
    expect(await run('steals')).toMatchObject({ refusal: { reason: 'quarantined' } })
    const held = readAgentPlugins(field.stateDir('pve1'))
    expect(held.find(({ plugin }) => plugin === 'mischief')?.standing.state).toBe('quarantined')

    const plugin = { name: 'mischief', digest: digestOf(bundle) }
    expect(await field.operator.release(agent, plugin)).toMatchObject({ state: 'done' })
    expect(await run('steals')).toMatchObject({ state: 'done' })
    const events = auditEvents(field.stateDir('pve1')).map(({ event }) => event)
    expect(events).toContain('plugin.quarantined')
    expect(events).toContain('plugin.released')
  })
})
