// SPDX-License-Identifier: GPL-3.0-or-later
/** A task is started once, whatever becomes of the answer, and followed to its real end. */
import { describe, expect, it } from '@jest/globals'
import type { FakeEndpointHandler } from '@sallyport/sdk/testing'
import { pveOf } from '../src/pve.ts'
import { resumeTask, runTask } from '../src/tasks.ts'
import { asked, cut, data, fakeEndpoint, inTurn, refusal } from './support/fake-pve.ts'

const UPID = upid('qmstart', '101')
const OLD = upid('qmstart', '101', '00000001')
const START = 'POST /nodes/pve1/qemu/101/status/start'
const LIST = 'GET /nodes/{node:text}/tasks'
const STATUS = 'GET /nodes/{node:text}/tasks/{upid:text}/status'
const LOG = 'GET /nodes/{node:text}/tasks/{upid:text}/log'

const running = data({ status: 'running' })
const stopped = (exitstatus: string) => data({ status: 'stopped', exitstatus })

interface Scene {
  readonly start?: FakeEndpointHandler
  readonly list?: FakeEndpointHandler
  readonly status?: FakeEndpointHandler
  readonly log?: FakeEndpointHandler
  readonly withinMs?: number
  readonly hasHappened?: () => Promise<boolean>
  readonly signal?: AbortSignal
}

function sceneOf(scene: Scene) {
  const { start, list = data([]), status = stopped('OK'), log = data([]) } = scene
  const endpoint = fakeEndpoint({
    [START]: start ?? data(UPID),
    [LIST]: list,
    [STATUS]: status,
    [LOG]: log,
  })
  const pve = pveOf(endpoint)
  const kept: unknown[] = []
  const told: string[] = []
  const context = {
    signal: scene.signal ?? new AbortController().signal,
    progress: (line: string) => void told.push(line),
    keep: async (value: unknown) => void kept.push(value),
  }
  const task = {
    pve,
    node: 'pve1',
    types: ['qmstart', 'hastart'],
    id: '101',
    withinMs: scene.withinMs ?? 5_000,
    waitsMs: [0, 1],
    start: () => pve.nodes.$('pve1').qemu.$(101).status.start.$post(),
    ...(scene.hasHappened && { hasHappened: scene.hasHappened }),
  }
  return { endpoint, context, task, kept, told, run: () => runTask(context, task) }
}

describe('a task that ends', () => {
  it('OK is done, after as many looks as it takes', async () => {
    const scene = sceneOf({ status: inTurn(running, running, stopped('OK')) })
    await expect(scene.run()).resolves.toMatchObject({ upid: UPID, notes: [] })
    expect(asked(scene.endpoint, 'changing')).toEqual([START])
  })

  it('with warnings is done, with notes', async () => {
    const log = data([
      { n: 1, t: 'INFO: starting' },
      { n: 2, t: 'WARN: no bridge vmbr9' },
      { n: 3, t: 'TASK WARNINGS: 1' },
    ])
    const { notes } = await sceneOf({ status: stopped('WARNINGS: 1'), log }).run()
    expect(notes).toEqual(['the task ended with 1 warning', 'WARN: no bridge vmbr9'])
  })

  it('badly is a failure with its exit status and the last lines of its log', async () => {
    const log = data([{ n: 1, t: 'TASK ERROR: no space left' }])
    await expect(sceneOf({ status: stopped('no space left'), log }).run()).rejects.toMatchObject({
      code: 'ERR_PVE_TASK',
      details: {
        upid: UPID,
        exitStatus: 'no space left',
        lastLines: ['TASK ERROR: no space left'],
      },
    })
  })

  it.each(['', 'unexpected status'])('with %j may have done anything', async (exit) => {
    await expect(sceneOf({ status: stopped(exit) }).run()).rejects.toMatchObject({
      code: 'ERR_PVE_TASK',
      details: { effect: 'unknown' },
    })
  })

  it('is seen although its node could not be asked for a while', async () => {
    const away = inTurn(cut, cut, cut, refusal(595, 'no route'), stopped('OK'))
    await expect(sceneOf({ status: away }).run()).resolves.toMatchObject({ upid: UPID })
  })
})

describe('a task that does not end', () => {
  it('is named when the time is over, with the way to wait for it', async () => {
    const scene = sceneOf({ status: running, withinMs: 250 })
    await expect(scene.run()).rejects.toMatchObject({
      code: 'ERR_PVE_TASK_RUNNING',
      message: expect.stringMatching(/UPID:pve1:.*proxmox\/task\.wait/) as unknown,
    })
  })

  it('is left when the run is cancelled', async () => {
    const stop = new AbortController()
    const running = sceneOf({ status: data({ status: 'running' }), signal: stop.signal }).run()
    setTimeout(() => stop.abort(new Error('enough')), 20)
    await expect(running).rejects.toThrow(/enough|abort/)
  })
})

describe('what a task logs', () => {
  it('is told once, as it comes', async () => {
    const lines = (from: number, to: number) =>
      data(
        Array.from({ length: to - from + 1 }, (_, at) => ({
          n: from + at,
          t: `line ${from + at}`,
        })),
      )
    const scene = sceneOf({
      status: inTurn(running, running, stopped('OK')),
      log: ({ query }) =>
        query?.['start'] === 0 ? lines(1, 2) : query?.['start'] === 2 ? lines(3, 3) : data([]),
    })
    await scene.run()
    expect(scene.told).toEqual(['line 1', 'line 2', 'line 3'])
  })

  it('does not flood, however much it is', async () => {
    const log: FakeEndpointHandler = ({ query }) => {
      const from = Number(query?.['start'])
      return data(Array.from({ length: 500 }, (_, at) => ({ n: from + at + 1, t: 'line' })))
    }
    const scene = sceneOf({
      log,
      status: inTurn(running, running, running, running, stopped('OK')),
    })
    await scene.run()
    expect(scene.told).toHaveLength(200)
  })
})

describe('what is kept', () => {
  it('is the intent before the request, and the task after it', async () => {
    const kept: unknown[] = []
    const scene = sceneOf({
      start: () => {
        kept.push(structuredClone(scene.kept))
        return data(UPID)
      },
      list: data([{ upid: OLD }]),
    })
    await scene.run()
    const intent = { node: 'pve1', types: ['qmstart', 'hastart'], id: '101', seen: [OLD] }
    expect(kept).toEqual([[intent]])
    expect(scene.kept).toEqual([intent, { ...intent, upid: UPID }])
  })
})

describe('another task than was asked for', () => {
  it.each([
    ['on another node', UPID.replace('pve1', 'pve2')],
    ['of another type', upid('qmdestroy', '101')],
    ['for another guest', upid('qmstart', '102')],
    ['that was there before', OLD],
    ['that is none', 'UPID:pve1:what'],
    ['that is nothing', null],
  ])('%s is not followed', async (_, answer) => {
    const scene = sceneOf({ start: data(answer), list: data([{ upid: OLD }]) })
    await expect(scene.run()).rejects.toMatchObject({ code: 'ERR_PVE_UPID' })
    expect(asked(scene.endpoint).filter((target) => target.includes('/status'))).toEqual([START])
  })

  it('in the answer about its status is not believed', async () => {
    const status = data({ upid: OLD, status: 'stopped', exitstatus: 'OK' })
    await expect(sceneOf({ status }).run()).rejects.toMatchObject({ code: 'ERR_PVE_UPID' })
  })
})

describe('a lost answer', () => {
  const losses: readonly [string, FakeEndpointHandler][] = [
    ['a cut connection', cut],
    ['a hang', { code: 'ERR_LIMIT' }],
    ['a page of a proxy', { text: '<html>Bad Gateway</html>', status: 502 }],
    ['half a document', { text: '{"data":"UPI' }],
    ['an unreachable node', refusal(596, 'Broken pipe')],
  ]

  it.each(losses)(
    '(%s) is answered by finding the task, not by a second request',
    async (_, start) => {
      const scene = sceneOf({
        start,
        list: inTurn(data([{ upid: OLD }]), data([{ upid: OLD }, { upid: UPID }])),
      })
      await expect(scene.run()).resolves.toMatchObject({ upid: UPID })
      expect(asked(scene.endpoint, 'changing')).toEqual([START])
    },
  )

  it.each(losses)('(%s) of what did not happen is a failure without effect', async (_, start) => {
    const scene = sceneOf({ start, list: data([{ upid: OLD }]), hasHappened: async () => false })
    await expect(scene.run()).rejects.toMatchObject({
      code: 'ERR_PVE_NOT_STARTED',
      retryable: true,
      details: { effect: 'none' },
    })
    expect(asked(scene.endpoint, 'changing')).toEqual([START])
  })

  it('of what happened without a task is open', async () => {
    await expect(
      sceneOf({ start: cut, hasHappened: async () => true }).run(),
    ).rejects.toMatchObject({
      code: 'ERR_PVE_OUTCOME',
      details: { effect: 'unknown' },
    })
  })

  it('is open when nothing can be asked afterwards', async () => {
    const scene = sceneOf({ start: cut, list: inTurn(data([]), refusal(401, '')) })
    await expect(scene.run()).rejects.toMatchObject({ code: 'ERR_PVE_OUTCOME' })
  })

  it('is no such thing where Proxmox VE refused in words', async () => {
    const scene = sceneOf({ start: refusal(500, 'VM 101 already running') })
    await expect(scene.run()).rejects.toMatchObject({ code: 'ERR_PVE_REFUSED' })
  })
})

describe('a run that is taken up again', () => {
  const intent = { node: 'pve1', types: ['qmstart', 'hastart'], id: '101', seen: [OLD] }

  it.each([
    ['the task it kept', { ...intent, upid: UPID }],
    ['the task it finds', intent],
  ])('follows %s and asks for no change', async (_, kept) => {
    const scene = sceneOf({ list: data([{ upid: OLD }, { upid: UPID }]) })
    const end = await resumeTask({ ...scene.context, kept }, scene.task)
    expect(end.upid).toBe(UPID)
    expect(asked(scene.endpoint, 'changing')).toEqual([])
  })

  it.each([
    ['no task', intent, 'ERR_PVE_NOT_STARTED'],
    ['nothing', undefined, 'ERR_PVE_OUTCOME'],
    ['another guest', { ...intent, id: '102', upid: UPID }, 'ERR_PVE_OUTCOME'],
    ['the task of another guest', { ...intent, upid: upid('qmstart', '102') }, 'ERR_PVE_UPID'],
  ])('and kept %s is a failure', async (_, kept, code) => {
    const scene = sceneOf({ list: data([{ upid: OLD }]) })
    await expect(resumeTask({ ...scene.context, kept }, scene.task)).rejects.toMatchObject({ code })
  })
})

function upid(type: string, id: string, pstart = '00A0B0C0'): string {
  return `UPID:pve1:0000C346:${pstart}:68D7279C:${type}:${id}:sallyport@pve!pve1:`
}
