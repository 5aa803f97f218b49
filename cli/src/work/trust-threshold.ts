// SPDX-License-Identifier: Apache-2.0
/** Says how many must sign what. */
import { JobTypePattern } from '@sallyport/core/protocol'
import type { Threshold } from '@sallyport/core/protocol'
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { changeRoot } from '../trust/change-root.ts'
import type { RootChange } from '../trust/change-root.ts'
import type { RootManner } from '../trust/root-hand.ts'
import { reportChange } from '../trust/report-change.ts'

/** What is asked for: of job types and an effect, or of the root itself. */
export interface ThresholdRequest {
  readonly pattern?: string | undefined
  readonly effect?: string | undefined
  readonly operators?: number | undefined
  readonly customers?: number | undefined
  readonly root?: number | undefined
  readonly isRemoving: boolean
  readonly manner: RootManner
}

/** Changes it. */
export async function trustThreshold(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: ThresholdRequest; hand: RootHand },
): Promise<ExitCode> {
  const parts = partsOf(operator.site.root.root.thresholds, request)
  const change: RootChange = { parts, question: 'Sign it?' }
  const { manner } = request
  return reportChange(talk, await changeRoot(operator, talk, { change, manner, hand }))
}

function partsOf(held: readonly Threshold[], request: ThresholdRequest): RootChange['parts'] {
  const { pattern, effect, operators, customers, root, isRemoving } = request
  if (root !== undefined) {
    const isAlone = pattern === undefined && operators === undefined && customers === undefined
    if (isAlone && !isRemoving) return { rootThreshold: root }
    throw usage('--root stands alone: it is about the trust root itself')
  }
  const jobTypes = patternOf(pattern)
  if (effect !== 'read' && effect !== 'change' && effect !== 'destroy') {
    throw usage('an effect is read, change or destroy')
  }
  const isIt = (each: Threshold): boolean => each.jobTypes === jobTypes && each.effect === effect
  if (isRemoving) return { thresholds: removed(held, isIt) }
  const before = held.find(isIt)
  if (operators === undefined && customers === undefined) {
    throw usage('say how many: --operators, --customers or both')
  }
  const after: Threshold = {
    jobTypes,
    effect,
    operators: operators ?? before?.operators ?? 1,
    customers: customers ?? before?.customers ?? 0,
  }
  const thresholds =
    before === undefined ? [...held, after] : held.map((each) => (isIt(each) ? after : each))
  return { thresholds }
}

function removed(held: readonly Threshold[], isIt: (each: Threshold) => boolean): Threshold[] {
  if (held.some(isIt)) return held.filter((each) => !isIt(each))
  throw usage('nothing is said of this pattern and effect')
}

function patternOf(pattern: string | undefined): string {
  if (pattern !== undefined && JobTypePattern.safeParse(pattern).success) return pattern
  throw usage(
    `${JSON.stringify(pattern ?? '')} is not a pattern: *, proxmox/*, proxmox/guest.* or a job type`,
  )
}

function usage(message: string): Problem {
  return new Problem('ERR_USAGE', message, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'For example:',
    commands: ["sallyport trust threshold 'proxmox/*' destroy --operators 2 --customers 1"],
  })
}
