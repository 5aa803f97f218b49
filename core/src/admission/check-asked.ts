// SPDX-License-Identifier: Apache-2.0
/** A job that a run asks for reaches no further than the run itself. */
import type { JobManifest } from '@sallyport/sdk'
import { resourcesOf, type Resources } from '../protocol/index.ts'
import type { WantedBy } from './check-policy.ts'
import { pass, refuse, type Checked } from './checked.ts'

/** What a run may reach, by the job that an operator signed for it or that another run asked for. */
export interface Reach {
  readonly effect: JobManifest['effect']
  readonly resources: Resources
  /** Count of runs above it that asked; 0 for a signed job. */
  readonly depth: number
  /** Who wants the job at the top, and so all that its run asks for. */
  readonly wantedBy: WantedBy
}

/** How deep a run may ask. Why so few: each level is another plugin that an operator must think of. */
export const MAX_ASK_DEPTH = 3

const RANK = { read: 0, change: 1, destroy: 2 } as const

/** Checks that no chain of questions gets long or goes in circles. */
export function checkDepth(asking: Reach): Checked<true> {
  if (asking.depth < MAX_ASK_DEPTH) return pass(true)
  return refuse('asked_too_deep', { maxDepth: MAX_ASK_DEPTH })
}

/**
 * Checks that an asked job is no worse and no wider than the asking one, and returns what it may reach itself.
 *
 * Trust: the input was made up by the asking plugin. A value that is not compared (an object, the one after the last
 * that counts) is refused, because the asked plugin would see it.
 */
export function checkReach(
  asked: Pick<JobManifest, 'effect' | 'resources'>,
  input: Readonly<Record<string, unknown>>,
  asking: Reach,
): Checked<Reach> {
  const { effect } = asked
  if (RANK[effect] > RANK[asking.effect]) {
    return refuse('wider_than_asked', { effect, askingEffect: asking.effect })
  }
  if (effect !== 'read' && isUnbound(asked.resources) && asking.resources.size > 0) {
    return refuse('wider_than_asked', { effect, why: 'it changes something and names no resource' })
  }
  const resources = resourcesOf(asked, input)
  for (const [resource, field] of Object.entries(asked.resources)) {
    const own = asking.resources.get(resource)
    if (own === undefined) return refuse('wider_than_asked', { resource })
    const values = resources.get(resource)!
    const foreign = values.filter((value) => !own.includes(value))
    if (foreign.length > 0 || values.length !== countOf(input, field)) {
      return refuse('wider_than_asked', { resource, values: foreign.slice(0, 8) })
    }
  }
  return pass({ effect, resources, depth: asking.depth + 1, wantedBy: asking.wantedBy })
}

/** Why: what a job without resources acts on is not known, so it may be more than the asking job's own. */
function isUnbound(resources: JobManifest['resources']): boolean {
  return Object.keys(resources).length === 0
}

function countOf(input: Readonly<Record<string, unknown>>, field: string): number {
  if (!Object.hasOwn(input, field)) return 0
  const given = input[field]
  return Array.isArray(given) ? given.length : 1
}
