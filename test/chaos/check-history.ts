// SPDX-License-Identifier: Apache-2.0
/** The judgement over a history: one end for every accepted job, and at most one effect. It knows nothing of how the programs work. */
import type { Happening } from './history.ts'

/** A rule that does not hold, for one job. */
export interface Violation {
  readonly jobId: string
  readonly rule: string
}

/** Everything that a history says of one job. */
interface JobStory {
  jobType: string
  isAccepted: boolean
  isRefused: boolean
  readonly seen: string[]
  readonly answers: Set<string>
  readonly ends: string[]
  effectCount: number | undefined
}

/** States of an envelope after which there is no other. */
const LAST_STATES: readonly string[] = ['answered', 'expired']
/** In this order an envelope goes, whichever hub is asked: one job is looked at by one after the other. */
const ORDER: readonly string[] = ['queued', 'delivered', 'answered']

/** Names every rule that a history breaks. */
export function checkHistory(history: readonly Happening[]): Violation[] {
  return [...storiesOf(history)].flatMap(([jobId, story]) =>
    brokenRules(story).map((rule) => ({ jobId, rule })),
  )
}

function storiesOf(history: readonly Happening[]): Map<string, JobStory> {
  const stories = new Map<string, JobStory>()
  for (const happening of history) {
    if (happening.kind === 'ordered') {
      stories.set(happening.jobId, emptyStory(happening.order.jobType))
    } else if ('jobId' in happening) {
      const story = stories.get(happening.jobId)
      if (story !== undefined) tell(story, happening)
    }
  }
  return stories
}

function emptyStory(jobType: string): JobStory {
  return {
    jobType,
    isAccepted: false,
    isRefused: false,
    seen: [],
    answers: new Set(),
    ends: [],
    effectCount: undefined,
  }
}

function tell(story: JobStory, happening: Happening): void {
  if (happening.kind === 'submitted') {
    story.isAccepted ||= happening.outcome === 'accepted'
    story.isRefused ||= happening.outcome === 'refused'
  } else if (happening.kind === 'seen') {
    story.seen.push(happening.state)
    if (happening.answer !== null) story.answers.add(happening.answer)
  } else if (happening.kind === 'answered') story.ends.push(happening.state)
  else if (happening.kind === 'counted') story.effectCount = happening.effectCount
}

function brokenRules(story: JobStory): string[] {
  const { isAccepted, isRefused, seen, answers, ends, effectCount = 0 } = story
  const last = seen.at(-1)
  const states = new Set(ends)
  const rules: [string, boolean][] = [
    ['effects at most one', effectCount <= 1],
    ['accepted, so it ends', !isAccepted || LAST_STATES.includes(last ?? '')],
    ['one answer, the same for ever', answers.size <= 1],
    ['one terminal state', states.size <= 1],
    ['answered, so the answer can be verified', last !== 'answered' || states.size > 0],
    ['nothing after the end', endsOnce(seen)],
    ['states in order', isInOrder(seen)],
    ['known for ever', !isAccepted || !seen.includes('unknown')],
    ['done, so it took effect', !states.has('done') || !hasEffect(story) || effectCount === 1],
    ['refused, so it did not', !states.has('refused') || effectCount === 0],
    ['expired, so it did not', last !== 'expired' || effectCount === 0],
    ['never taken by the hub, so it did not', !isRefused || isAccepted || effectCount === 0],
  ]
  return rules.filter(([, holds]) => !holds).map(([rule]) => rule)
}

function hasEffect({ jobType }: JobStory): boolean {
  return jobType !== 'tally/look'
}

function endsOnce(seen: readonly string[]): boolean {
  const first = seen.findIndex((state) => LAST_STATES.includes(state))
  return first < 0 || seen.slice(first).every((state) => state === seen[first])
}

function isInOrder(seen: readonly string[]): boolean {
  const places = seen.filter((state) => ORDER.includes(state)).map((state) => ORDER.indexOf(state))
  return places.every((place, at) => place >= (places[at - 1] ?? 0))
}
