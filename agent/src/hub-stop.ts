// SPDX-License-Identifier: Apache-2.0
/** What an agent does by itself once its hub serves it no more: it puts that on record, and of twins no schedule runs. */
import { hubRefusalOf, isStop } from '@sallyport/core/transport'
import type { AgentRecord } from './record.ts'

/** How this agent stands with its hub, as far as the hub says. */
export interface HubStop {
  /** Told of every error of a call to the hub. Throws: ERR_STORE_… when it cannot be put on record; it counts all the same. */
  hear(error: unknown): void
  /** Told when the hub serves this agent. Throws likewise. */
  served(): void
  /**
   * Whether the hub said that two programs run with this identity.
   *
   * Why of twins alone: each due time would have its effect twice. To be sent away ends schedules by an operator's signed
   * word (`isolated`), never by the hub's.
   */
  readonly holdsSchedules: boolean
}

/** Begins as if the hub served this agent. */
export function makeHubStop(record: Pick<AgentRecord, 'note'>): HubStop {
  let code: string | undefined
  let noted: string | undefined
  const put = (now: string | undefined): void => {
    code = now
    if (code === noted) return
    if (code === undefined) record.note({ event: 'agent.served', details: { after: noted } })
    else {
      const schedules = isTwins(code) ? 'held' : 'go on'
      record.note({ event: 'agent.unserved', details: { code, schedules } })
    }
    noted = code
  }
  return {
    hear(error) {
      if (isStop(error)) put(hubRefusalOf(error)?.code)
    },
    served: () => put(undefined),
    get holdsSchedules() {
      return isTwins(code)
    },
  }
}

function isTwins(code: string | undefined): boolean {
  return code === 'ERR_AGENT_TWINS'
}
