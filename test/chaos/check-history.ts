// SPDX-License-Identifier: Apache-2.0
/** The judgement over a history: one end for every accepted job, and at most one effect. It knows nothing of how the programs work. */
import type { Happening } from './history.ts'

/** A rule that does not hold, for one job or one agent. */
export interface Violation {
  readonly about: string
  readonly rule: string
}

/** Everything that a history says of one job. */
interface JobStory {
  jobType: string
  isAccepted: boolean
  isRefused: boolean
  readonly seen: string[]
  readonly deliveryCounts: number[]
  readonly answers: Set<string>
  readonly ends: string[]
  /** Why it was refused. */
  readonly reasons: string[]
  effectCount: number | undefined
}

/** Whether a rule holds, and whether that can be said of a history that goes on. */
type Rule = readonly [rule: string, holds: boolean, when?: 'at the end']

/** States of an envelope after which there is no other. */
const LAST_STATES: readonly string[] = ['answered', 'expired']
/** In this order an envelope goes, whichever hub is asked: one job is looked at by one after the other. */
const ORDER: readonly string[] = ['queued', 'delivered', 'answered']

/** Names every rule that a history breaks. One that is not over yet cannot break those about ends. */
export function checkHistory(history: readonly Happening[], isOver = true): Violation[] {
  const ofJobs = [...storiesOf(history)].flatMap(([about, story]) =>
    brokenRules(story, isOver).map((rule) => ({ about, rule })),
  )
  const silent = history.filter((one) => one.kind === 'silent')
  return [...ofJobs, ...silent.map(({ who }) => ({ about: who, rule: 'mended, so it answers' }))]
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
    deliveryCounts: [],
    answers: new Set(),
    ends: [],
    reasons: [],
    effectCount: undefined,
  }
}

function tell(story: JobStory, happening: Happening): void {
  if (happening.kind === 'submitted') {
    story.isAccepted ||= happening.outcome === 'accepted'
    story.isRefused ||= happening.outcome === 'refused'
  } else if (happening.kind === 'seen') {
    story.seen.push(happening.state)
    story.deliveryCounts.push(happening.deliveryCount)
    if (happening.answer !== null) story.answers.add(happening.answer)
  } else if (happening.kind === 'answered') {
    story.ends.push(happening.state)
    if (happening.reason !== null) story.reasons.push(happening.reason)
  } else if (happening.kind === 'counted') story.effectCount = happening.effectCount
}

function brokenRules(story: JobStory, isOver: boolean): string[] {
  const { isAccepted, isRefused, seen, answers, ends, effectCount = 0 } = story
  const last = seen.at(-1)
  const states = new Set(ends)
  const isToVerify = isAccepted && last === 'answered'
  const isDone = states.has('done') && story.jobType !== 'tally/look'
  const rules: Rule[] = [
    ['effects at most one', effectCount <= 1],
    ['accepted, so it ends', !isAccepted || LAST_STATES.includes(last ?? ''), 'at the end'],
    ['one answer, the same for ever', answers.size <= 1],
    ['one terminal state', states.size <= 1],
    ['answered, so it can be verified', !isToVerify || states.size > 0, 'at the end'],
    ['nothing after the end', endsOnce(seen)],
    ['states in order', isInOrder(seen)],
    ['known for ever', !isAccepted || !seen.includes('unknown')],
    ['delivered, so it does not expire', !isOwed(story)],
    ['deliveries are never undone', isRising(story.deliveryCounts)],
    ['done, so it took effect', !isDone || effectCount === 1, 'at the end'],
    ['refused for nothing but its time', story.reasons.every((why) => why === 'expired')],
    ['refused, so it did not', !states.has('refused') || effectCount === 0],
    ['expired, so it did not', last !== 'expired' || effectCount === 0],
    ['never taken by the hub, so it is not there', !isRefused || isAccepted || isNowhere(story)],
  ]
  const broken = rules.filter(([, holds, when]) => !holds && (isOver || when === undefined))
  return broken.map(([rule]) => rule)
}

/** Whether it was delivered, so that an answer is to come, and counts as over without one. */
function isOwed({ seen, deliveryCounts }: JobStory): boolean {
  return seen.some((state, at) => state === 'expired' && deliveryCounts[at]! > 0)
}

/** Whether no hub knows it and no agent did it. */
function isNowhere({ seen, effectCount = 0 }: JobStory): boolean {
  return effectCount === 0 && seen.every((state) => state === 'unknown')
}

function endsOnce(seen: readonly string[]): boolean {
  const first = seen.findIndex((state) => LAST_STATES.includes(state))
  return first < 0 || seen.slice(first).every((state) => state === seen[first])
}

function isInOrder(seen: readonly string[]): boolean {
  return isRising(
    seen.filter((state) => ORDER.includes(state)).map((state) => ORDER.indexOf(state)),
  )
}

function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, at) => number >= (numbers[at - 1] ?? 0))
}
