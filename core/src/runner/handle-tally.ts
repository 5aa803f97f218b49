// SPDX-License-Identifier: Apache-2.0
/** Sums up the uses of handles in one run for the audit log: one entry per handle, method and outcome. */
import type { AuditEventInput } from '../audit/index.ts'
import type { HandleEvent } from '../plugins/ports.ts'

const MAX_ROWS = 64
const MAX_TARGETS = 8
const MAX_TARGET_LENGTH = 256

interface Row {
  handle: string
  kind: string
  method: string
  outcome: HandleEvent['outcome']
  count: number
  targets: string[]
}

/** The job whose run used the handles. */
export interface TalliedJob {
  readonly jobId: string
  readonly envelopeId: string
  readonly about?: readonly string[]
  /** Name of the plugin. */
  readonly plugin: string
}

/** Uses of handles, counted. Bounded: further rows are counted together as `other`. */
export class HandleTally {
  readonly #rows = new Map<string, Row>()

  add(event: HandleEvent): void {
    const { handle, kind, method, outcome } = event
    const full = this.#rows.size >= MAX_ROWS
    const key = [handle, kind, method, outcome].join('\n')
    const known = this.#rows.get(key) ?? (full ? this.#rows.get('other') : undefined)
    const row = known ?? { handle, kind, method, outcome, count: 0, targets: [] }
    if (known === undefined) this.#rows.set(full ? 'other' : key, row)
    row.count += 1
    if (row.targets.length < MAX_TARGETS) row.targets.push(event.target.slice(0, MAX_TARGET_LENGTH))
  }

  /** Names of the handles that were called. */
  handles(): string[] {
    const called = [...this.#rows.values()].filter(({ kind }) => kind !== 'sandbox')
    return [...new Set(called.map(({ handle }) => handle))]
  }

  /** The events to append to the audit log: who reached for what by which handle, and how that ended. */
  events({ plugin, ...job }: TalliedJob): AuditEventInput[] {
    return [...this.#rows.values()].map((row) => ({
      event: eventOf(row),
      ...job,
      details: { plugin, ...row },
    }))
  }
}

/** Trust: that the sandbox denied something is the word of the plugin's own process. */
function eventOf({ kind, outcome }: Row): 'handle.used' | 'handle.denied' | 'sandbox.denied' {
  if (kind === 'sandbox') return 'sandbox.denied'
  return outcome === 'denied' ? 'handle.denied' : 'handle.used'
}
