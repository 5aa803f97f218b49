// SPDX-License-Identifier: GPL-3.0-or-later
/** Jobs about one node: how it is, going down, going down and up again, and being woken. */
import { defineJob, endpoint, isCodedError, route } from '@sallyport/sdk'
import type { Endpoint, Verification } from '@sallyport/sdk'
import { z } from 'zod'
import { clusterOf } from '../cluster.ts'
import { isLost, pveFailed } from '../errors.ts'
import { NodeName } from '../guest-ref.ts'
import { orConfirm } from '../lost.ts'
import {
  DOWN_ROUTES,
  NodeState,
  downStateOf,
  memberOf,
  nodeStateOf,
  uptimeOf,
} from '../node-state.ts'
import type { DownState } from '../node-state.ts'
import { line, lines, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import { membersOf, textOf } from '../values.ts'
import { until } from '../waiting.ts'

const NodeRef = z.strictObject({ node: NodeName.describe('the node') })
const RESOURCES = { node: 'node' } as const
const MAX_WAIT_SECONDS = 1_800
const TIMEOUT_MS = (MAX_WAIT_SECONDS + 120) * 1_000

/** How one node is. */
export const nodeStatus = defineJob({
  summary: 'Version, load, memory, disk and pressure of one node',
  effect: 'read',
  input: NodeRef,
  output: NodeState,
  resources: RESOURCES,
  permissions: {
    pve: endpoint('pve', [
      'GET /cluster/status',
      'GET /nodes/{node}/status',
      'GET /nodes/{node}/rrddata',
    ]),
  },
  limits: { perMinute: 60, timeoutMs: 30_000 },
  run: ({ input, use }) => nodeStateOf(use.pve, input.node),
})

const DownInput = NodeRef.extend({
  acceptQuorumLoss: z
    .boolean()
    .default(false)
    .describe('go down also when the cluster loses its quorum by it'),
  waitSeconds: z
    .number()
    .int()
    .min(0)
    .max(MAX_WAIT_SECONDS)
    .default(600)
    .describe('how long to wait until it is so; not waited for on the node of this agent'),
})

const Down = z.object({
  changed: z.boolean(),
  state: z.enum(['online', 'offline', 'going down']),
  upSecondsBefore: z.number().nullable(),
  notes: z.array(z.string()),
})
type Down = z.infer<typeof Down>

/** What a run keeps before it asks a node to go down. */
const KeptDown = z.object({ upSecondsBefore: z.number(), atMs: z.number() })
type KeptDown = z.infer<typeof KeptDown>

/** Shuts a node down. */
export const nodeShutdown = downJob('shutdown', 'Shut a node down, with the guests that run on it')

/** Restarts a node. */
export const nodeReboot = downJob('reboot', 'Restart a node, with the guests that run on it')

function downJob<Command extends 'shutdown' | 'reboot'>(command: Command, summary: string) {
  return defineJob({
    summary,
    effect: 'change',
    input: DownInput,
    output: Down,
    resources: RESOURCES,
    policyInputs: ['acceptQuorumLoss'],
    permissions: {
      pve: endpoint('pve', [
        ...DOWN_ROUTES,
        route('POST /nodes/{node}/status', {
          body: { command: { equals: command, required: true } },
          others: 'forbidden',
        }),
      ]),
    },
    limits: { perMinute: 6, timeoutMs: TIMEOUT_MS },
    async plan({ input, use }) {
      const seen = await downStateOf(use.pve, input.node)
      if (command === 'reboot' && seen.state === 'offline') throw offline(input.node)
      if (seen.quorum.isLost && !input.acceptQuorumLoss) throw wouldLoseQuorum(seen)
      const what = command === 'shutdown' ? 'is shut down' : 'is restarted'
      const change =
        seen.state === 'offline'
          ? line('note', `node ${input.node} is offline already`)
          : line('change', `node ${input.node} ${what}`)
      return planOf([change, ...lines('warn', seen.notes)], seen)
    },
    async run(context): Promise<Down> {
      const { input, use, signal } = context
      const plan = context.plan.state
      if (plan.state === 'offline') {
        return { changed: false, state: 'offline', upSecondsBefore: null, notes: [] }
      }
      const kept = await keptOf(use.pve, input.node)
      await context.keep(kept)
      await askDown(use.pve, input.node, command)
      if (plan.isLocal) return { ...goingDown(kept), notes: [...plan.notes, OWN_NODE] }
      context.progress(`${input.node} goes down`)
      const within = { withinMs: input.waitSeconds * 1_000, signal }
      const look = (): Promise<Down | undefined> =>
        lookDown(use.pve, { node: input.node, command, kept })
      const seen = await until(look, within)
      if (seen === undefined) throw notInTime(input.node, command, input.waitSeconds)
      return { ...seen, notes: [...plan.notes] }
    },
    async resume({ input, use, kept: given, signal }): Promise<Down> {
      const kept = KeptDown.parse(given)
      const look = (): Promise<Down | undefined> =>
        lookDown(use.pve, { node: input.node, command, kept })
      const seen = await until(look, { withinMs: input.waitSeconds * 1_000, signal })
      if (seen === undefined) throw notInTime(input.node, command, input.waitSeconds)
      return seen
    },
    async verify({ input, use, output }): Promise<Verification> {
      if (output.state === 'going down') {
        return { verdict: 'inconclusive', message: 'this agent goes down with the node' }
      }
      return verifyOnline(use.pve, input.node, output.state === 'online')
    },
  })
}

const OWN_NODE = 'it is the node of this agent, so its going down is not waited for'

function goingDown(kept: KeptDown): Down {
  const { upSecondsBefore } = kept
  return { changed: true, state: 'going down', upSecondsBefore, notes: [] }
}

async function keptOf(pve: Pick<Endpoint, 'request'>, node: string): Promise<KeptDown> {
  return { upSecondsBefore: (await uptimeOf(pve, node)) ?? 0, atMs: Date.now() }
}

/** Why a lost answer is no failure: a node that goes down may not find the time to answer; looking tells. */
async function askDown(
  pve: Pick<Endpoint, 'request'>,
  node: string,
  command: 'shutdown' | 'reboot',
): Promise<void> {
  await orConfirm(
    () => pveOf(pve).nodes.$(node).status.$post({ command }),
    () => Promise.resolve(),
  )
}

/** Undefined while it is not so yet. A node that was shut down and is up again was down in between. */
async function lookDown(
  pve: Pick<Endpoint, 'request'>,
  wanted: { readonly node: string; readonly command: string; readonly kept: KeptDown },
): Promise<Down | undefined> {
  const { node, command, kept } = wanted
  const isOnline = await isOnlineIfSeen(pve, node)
  if (isOnline === undefined) return undefined
  const { upSecondsBefore } = kept
  const seen = { changed: true, upSecondsBefore, notes: [] }
  if (!isOnline) return command === 'shutdown' ? { ...seen, state: 'offline' } : undefined
  const upSeconds = await uptimeOf(pve, node)
  const wasDown = upSeconds !== undefined && hasRestarted(kept, upSeconds, Date.now())
  return wasDown ? { ...seen, state: 'online' } : undefined
}

/** Whether a node has been up for less long than it must have been, had it not gone down. Units: seconds. */
function hasRestarted(kept: KeptDown, upSeconds: number, nowMs: number): boolean {
  const expected = kept.upSecondsBefore + (nowMs - kept.atMs) / 1_000
  return upSeconds < kept.upSecondsBefore || upSeconds + 60 < expected
}

async function isOnlineIfSeen(
  pve: Pick<Endpoint, 'request'>,
  node: string,
): Promise<boolean | undefined> {
  try {
    return memberOf(await clusterOf(pve), node).isOnline
  } catch (error) {
    if (isCodedError(error) && isLost(error) && error.code !== 'ERR_PVE_NODE_OFFLINE') {
      return undefined
    }
    throw error
  }
}

async function verifyOnline(
  pve: Pick<Endpoint, 'request'>,
  node: string,
  wanted: boolean,
): Promise<Verification> {
  const isOnline = await isOnlineIfSeen(pve, node)
  if (isOnline === undefined) {
    return { verdict: 'inconclusive', message: 'the cluster cannot be asked' }
  }
  const message = `${node} is ${isOnline ? 'online' : 'offline'}`
  return { verdict: isOnline === wanted ? 'verified' : 'contradicted', message }
}

function offline(node: string): Error {
  return pveFailed(
    'ERR_PVE_NODE_OFFLINE',
    `node ${node} is offline; wake it with proxmox/node.wake`,
    { details: { node, effect: 'none' } },
  )
}

function wouldLoseQuorum({ node, quorum }: DownState): Error {
  const { onlineCount, nodeCount } = quorum
  const left = `without ${node} ${onlineCount - 1} of ${nodeCount} nodes would be online`
  return pveFailed(
    'ERR_PVE_QUORUM_LOSS',
    `${left}, which is no quorum: nothing could be changed any more; to do it all the same, give acceptQuorumLoss=true`,
    { details: { node, onlineCount, nodeCount, effect: 'none' } },
  )
}

function notInTime(node: string, what: string, seconds: number): Error {
  return pveFailed(
    'ERR_PVE_WAIT',
    `${what} of ${node} was asked for and not seen to be done within ${seconds} s; look again with proxmox/node.status`,
    { details: { node, effect: 'unknown' } },
  )
}

const Woken = z.object({
  changed: z.boolean(),
  state: z.enum(['online']),
  mac: z.string().nullable().describe('the address that was called; null when none was'),
})
type Woken = z.infer<typeof Woken>

/** Wakes a node that sleeps. */
export const nodeWake = defineJob({
  summary: 'Wake a sleeping node over the network, asked of another node of its cluster',
  effect: 'change',
  input: NodeRef.extend({
    waitSeconds: z
      .number()
      .int()
      .min(0)
      .max(MAX_WAIT_SECONDS)
      .default(300)
      .describe('how long to wait until it is online'),
  }),
  output: Woken,
  resources: RESOURCES,
  permissions: {
    pve: endpoint('pve', [
      'GET /cluster/status',
      'GET /nodes/{node}/config',
      route('POST /nodes/{node}/wakeonlan', { body: {}, others: 'forbidden' }),
    ]),
  },
  limits: { perMinute: 12, timeoutMs: TIMEOUT_MS },
  async plan({ input, use }) {
    const { isOnline, isLocal } = memberOf(await clusterOf(use.pve), input.node)
    const state = isOnline || isLocal ? ('online' as const) : ('offline' as const)
    const macAddress =
      state === 'online' ? await wakeAddressOf(use.pve, input.node) : ('not visible' as const)
    const changes =
      state === 'online'
        ? [line('note', `node ${input.node} is awake`)]
        : [line('change', `node ${input.node} is woken`), line('note', ONLY_ITSELF)]
    return planOf(changes, { node: input.node, state, macAddress })
  },
  async run(context): Promise<Woken> {
    const { input, use, plan, signal } = context
    if (plan.state.state === 'online') return { changed: false, state: 'online', mac: null }
    await context.keep({ atMs: Date.now() })
    const mac = await callAwake(use.pve, input.node)
    context.progress(`called ${mac ?? input.node}; waiting until ${input.node} is online`)
    return { ...(await waitOnline(use.pve, input, signal)), mac }
  },
  resume: ({ input, use, signal }) => waitOnline(use.pve, input, signal),
  verify: ({ input, use }) => verifyOnline(use.pve, input.node, true),
})

/** Source: pve-manager, `PVE/API2/NodeConfig`: the configuration of a node is asked of that node. */
const ONLY_ITSELF =
  'only the node itself tells whether an address to call is set (wakeonlan); where none is, the call is refused'

async function wakeAddressOf(
  pve: Pick<Endpoint, 'request'>,
  node: string,
): Promise<'known' | 'not set' | 'not visible'> {
  try {
    const config = membersOf(await pveOf(pve).nodes.$(node).config.$get())
    return textOf(config['wakeonlan']) === undefined ? 'not set' : 'known'
  } catch (error) {
    if (isCodedError(error)) return 'not visible'
    throw error
  }
}

/** The address that was called; null when the answer was lost, and then it may have been called or not. */
async function callAwake(pve: Pick<Endpoint, 'request'>, node: string): Promise<string | null> {
  try {
    const answer: unknown = await pveOf(pve).nodes.$(node).wakeonlan.$post()
    return textOf(answer) ?? null
  } catch (error) {
    if (isLost(error)) return null
    throw error
  }
}

async function waitOnline(
  pve: Pick<Endpoint, 'request'>,
  { node, waitSeconds }: { readonly node: string; readonly waitSeconds: number },
  signal: AbortSignal,
): Promise<Woken> {
  const look = async (): Promise<true | undefined> =>
    (await isOnlineIfSeen(pve, node)) === true ? true : undefined
  const isOnline = await until(look, { withinMs: waitSeconds * 1_000, signal })
  if (isOnline === undefined) throw notInTime(node, 'waking', waitSeconds)
  return { changed: true, state: 'online', mac: null }
}
