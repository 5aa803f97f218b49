// SPDX-License-Identifier: Apache-2.0
/** One seed from its beginning to its verdict. */
import { digestOf } from '@sallyport/core/crypto'
import { EMPTY_DISK } from './disk.ts'
import { Judge, type Violation } from './judge.ts'
import { NO_TROUBLES, drawTroubles } from './luck.ts'
import { Mailbox } from './mailbox.ts'
import { signBy } from './papers.ts'
import { Submission } from './person.ts'
import { Chance } from './random.ts'
import { drawScenario, type Scenario } from './scenario.ts'
import { SimAgent } from './sim-agent.ts'
import { AGENTS, BUNDLE, makeApproval } from './site.ts'
import { Timeline } from './timeline.ts'
import { Trace } from './trace.ts'
import { Vault } from './vault.ts'
import { Wire, unreachable } from './wire.ts'
import { note, type World } from './world.ts'
import { documents } from '@sallyport/core/protocol'

/** Time after the world healed in which everything must come to its end. Units: milliseconds. */
const PATIENCE_MS = 6 * 60_000
/** Things that happen in one run at most. Why: a loop without an end is a violation too. */
const MAX_STEPS = 20_000

/** Whoever traces a seed wants all of it judged; of the others, one in so many is. */
const THOROUGH_EVERY = 8

/** What came of one seed. */
export interface Verdict {
  readonly seed: number
  readonly violations: readonly Violation[]
  /** The same for the same seed and the same code. */
  readonly digest: string
  readonly stepCount: number
  readonly lines: readonly string[]
  /** What was seen to happen. */
  readonly reached: ReadonlySet<string>
}

/** Runs one seed. With `isTraced` the verdict has a line for everything that happened. */
export async function runSeed(seed: number, isTraced = false): Promise<Verdict> {
  const chance = new Chance(seed)
  const timeline = new Timeline()
  const trace = new Trace(isTraced)
  const judge = new Judge(isTraced || seed % THOROUGH_EVERY === 0)
  const troubles = drawTroubles(chance)
  const scenario = await drawScenario(chance)
  const mailbox = new Mailbox(timeline)
  const world = { chance, timeline, trace, mailbox, judge, troubles } as World & {
    wire: Wire
    vault: Vault
  }
  Object.assign(world, { wire: new Wire(world), vault: new Vault(timeline, chance) })
  for (const [name, rate] of Object.entries(troubles))
    if (rate > 0) note(world, 'world', `${name} ${rate}`)
  const agents = AGENTS.slice(0, scenario.agentCount).map((name) => new SimAgent(world, name))
  if (scenario.isApproved) for (const agent of agents) agent.disk.content = approvedDisk()
  planTroubles(world, agents, scenario.healsMs)
  for (const agent of agents) agent.start()
  const submissions = scenario.planned.map(({ atMs, paper }) => {
    const submission = new Submission(world, paper)
    timeline.after(atMs, () => void submission.follow())
    return submission
  })
  const stepCount = await live(world, agents, { scenario, submissions })
  if (judge.violations.length === 0) judgeEnd(world, agents, submissions)
  for (const agent of agents)
    note(world, agent.name, `log of ${agent.disk.content.entries.length}: ${rootOf(agent)}`)
  const { violations, reached } = judge
  return { seed, violations, digest: trace.digest, stepCount, lines: trace.lines, reached }
}

/** What must hold once everything has come to its end. */
function judgeEnd(
  { judge }: World,
  agents: readonly SimAgent[],
  submissions: readonly Submission[],
): void {
  judge.atEnd(agents)
  for (const { paper, isOver } of submissions) {
    if (!isOver && !judge.spoilt.has(paper.id)) judge.fail('I3', `nothing came of ${paper.name}`)
  }
}

/** Lets everything happen: troubles until the world heals, then calm until all has come to its end. */
async function live(
  world: World,
  agents: readonly SimAgent[],
  { scenario, submissions }: { scenario: Scenario; submissions: readonly Submission[] },
): Promise<number> {
  const { timeline, judge, chance } = world
  timeline.onTurn = (life) => {
    if (!chance.happens(world.troubles.kill)) return
    agents.find(({ name }) => name === life.name)?.kill('killed')
  }
  const endMs = scenario.healsMs + PATIENCE_MS
  let stepCount = 0
  const isOver = (): boolean =>
    timeline.nowMs > scenario.healsMs &&
    submissions.every(({ paper, isOver }) => isOver || judge.spoilt.has(paper.id)) &&
    agents.every((agent) => agent.isIdle)
  while (!isOver() && judge.violations.length === 0 && (await timeline.step(endMs))) {
    stepCount += 1
    if (stepCount > MAX_STEPS) judge.fail('code', 'it does not come to an end')
  }
  return stepCount
}

/** Spreads the troubles that are events over the time before the world heals. */
function planTroubles(world: World, agents: readonly SimAgent[], healsMs: number): void {
  const { chance, timeline, mailbox, wire, troubles } = world
  const times = (count: number, what: (n: number) => void): void => {
    for (let n = 0; n < count; n += 1)
      timeline.after(chance.between(5_000, healsMs - 1), () => what(n))
  }
  const restart = (forMs: number): void => {
    note(world, 'hub', 'is away')
    wire.isHubUp = false
    mailbox.restart(unreachable())
    timeline.after(forMs, () => void (wire.isHubUp = true))
  }
  times(troubles.hubRestarts, () => restart(chance.between(500, 20_000)))
  let copy = mailbox.content
  times(troubles.hubSetBack * 2, (n) => {
    if (n % 2 === 0) return void (copy = mailbox.content)
    restart(chance.between(500, 5_000))
    note(world, 'hub', `is set back to ${copy.size} of ${mailbox.content.size} envelopes`)
    mailbox.content = copy
  })
  for (const agent of agents) {
    times(troubles.stops, () => agent.stopGently())
    times(troubles.clockJumps, () => {
      agent.clockOffsetMs = chance.pick(JUMPS_MS)
      note(world, agent.name, `its clock is ${agent.clockOffsetMs} ms ahead`)
    })
    times(troubles.diskSetBack * 2, (n) => (n === 0 ? agent.copyDisk() : agent.setBack()))
  }
  timeline.after(healsMs, () => {
    note(world, 'world', 'heals')
    world.troubles = NO_TROUBLES
    wire.isHubUp = true
    for (const agent of agents) agent.clockOffsetMs = 0
  })
}

const MINUTE = 60_000
const JUMPS_MS = [
  -31_000,
  31_000,
  -3 * MINUTE,
  5 * MINUTE,
  -60 * MINUTE,
  60 * MINUTE,
  -1_440 * MINUTE,
]

function approvedDisk(): typeof EMPTY_DISK {
  const approval = makeApproval('held from the beginning', -60_000)
  held ??= signBy(documents.approval, approval, ['ann']).bytes
  const bundles = new Map([[digestOf(BUNDLE), BUNDLE]])
  return { ...EMPTY_DISK, approvals: [{ approval, envelope: held }], bundles }
}

let held: Uint8Array | undefined

function rootOf(agent: SimAgent): string {
  return agent.disk.content.checkpoints.at(-1)?.note.split('\n')[2] ?? 'empty'
}
