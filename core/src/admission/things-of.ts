// SPDX-License-Identifier: Apache-2.0
/** Where a job runs and which guests it is about, as the concerns of customers name it. */
import type { JobManifest } from '@sallyport/sdk'
import { guestsOf, resourcesOf } from '../protocol/index.ts'

/** `agent/pve1`, and `guest/101` for each guest among the resources of the signed input. */
export function thingsOf(
  job: Pick<JobManifest, 'resources'>,
  input: Readonly<Record<string, unknown>>,
  agentName: string,
): string[] {
  const guests = guestsOf(resourcesOf(job, input))
  return [`agent/${agentName}`, ...guests.map((guest) => `guest/${guest}`)]
}
