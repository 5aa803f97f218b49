// SPDX-License-Identifier: Apache-2.0
/** What can be wrong with a plan, as sentences; none when an agent can have it signed. */
import { STEP_LIMITS } from '../job-type.ts'
import { byteLength } from './fake.ts'
import { firstNonJson } from './json-schema.ts'

const OPS: readonly unknown[] = ['add', 'change', 'remove', 'note', 'warn']
const MEMBERS = ['op', 'what', 'from', 'to']

/** Faults of what `plan` returned. */
export function planFaults(plan: unknown): string[] {
  if (!isObject(plan)) return ['a plan is an object { changes, state }']
  const others = Object.keys(plan).filter((name) => name !== 'changes' && name !== 'state')
  const faults = [
    ...others.map((name) => `a plan has changes and state, and no ${name}`),
    ...changesFaults(plan['changes']),
    ...stateFaults(plan['state']),
  ]
  return faults.length === 0 ? sizeFaults(plan) : faults
}

function changesFaults(changes: unknown): string[] {
  if (!Array.isArray(changes)) return ['changes is a list, and one of none where nothing changes']
  const { maxChanges } = STEP_LIMITS
  if (changes.length > maxChanges) return [`it has ${changes.length} changes, of ${maxChanges}`]
  return changes.flatMap((change: unknown, at) =>
    changeFaults(change).map((fault) => `changes[${at}] ${fault}`),
  )
}

function changeFaults(change: unknown): string[] {
  if (!isObject(change)) return ['is no object']
  const others = Object.keys(change).filter((name) => !MEMBERS.includes(name))
  return [
    ...others.map((name) => `has a member ${name}`),
    ...(OPS.includes(change['op']) ? [] : [`has the op ${JSON.stringify(change['op'])}`]),
    ...(isLine(change['what']) ? [] : ['says nothing in one line of what']),
    ...['from', 'to']
      .filter((name) => change[name] !== undefined && !isText(change[name]))
      .map((name) => `has a ${name} that is no text of bounded length`),
  ]
}

function stateFaults(state: unknown): string[] {
  const where = firstNonJson(state)
  return where === undefined ? [] : [`state${where === '/' ? '' : where} is no JSON value`]
}

function sizeFaults(plan: object): string[] {
  const bytes = byteLength(JSON.stringify(plan))
  const { maxPlanBytes } = STEP_LIMITS
  return bytes <= maxPlanBytes ? [] : [`it has ${bytes} bytes as JSON, of ${maxPlanBytes}`]
}

function isLine(value: unknown): boolean {
  return isText(value) && value !== '' && !/[\n\r]/.test(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= STEP_LIMITS.maxChangeLength
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
