// SPDX-License-Identifier: Apache-2.0
/** The documents besides jobs that an agent takes, and what takes each. None of them waits for a slot. */
import type { AdmissionPorts } from '../admission/index.ts'
import type { PluginHost } from '../plugins/ports.ts'
import { documents } from '../protocol/index.ts'
import { takeApproval, type BundleSource } from './approvals.ts'
import type { Journal } from './ports.ts'
import type { Receipt, Recorder } from './recorder.ts'
import { takeRelease } from './releases.ts'
import { takeRevocation } from './revocations.ts'

/** What taking a document needs. */
export interface TakerPorts {
  readonly admission: AdmissionPorts
  readonly journal: Journal
  readonly host: Pick<PluginHost, 'stop' | 'forgive'>
  readonly bundles: BundleSource
}

/** Decides on one document and records its answer. */
export type Taker = (
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  ports: TakerPorts,
) => Promise<void>

/** Takers by payload type. Trust: the type is unsigned here; each taker verifies it with the rest. */
export const TAKERS: ReadonlyMap<string, Taker> = new Map([
  [documents.approval.payloadType, takeApproval],
  [documents.revocation.payloadType, takeRevocation],
  [documents.quarantineRelease.payloadType, takeRelease],
])
