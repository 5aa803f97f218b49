// SPDX-License-Identifier: Apache-2.0
/** What takes a document other than a job, and what it works with. */
import type { AdmissionPorts } from '../admission/index.ts'
import type { WitnessStore } from '../audit/index.ts'
import type { PluginHost } from '../plugins/ports.ts'
import type { BindingPins } from './binding-pins.ts'
import type { Journal } from './ports.ts'
import type { AuthorityBook } from './authority-book.ts'
import type { Receipt, Recorder } from './recorder.ts'
import type { RunningJobs } from './running.ts'

/** Where bundles come from. Trust: the bytes are anyone's until their digest is checked. */
export interface BundleSource {
  /** The bytes, or undefined when the source does not have them. */
  fetch(digest: string): Promise<Uint8Array | undefined>
}

/** What taking a document needs. */
export interface TakerPorts {
  readonly admission: AdmissionPorts
  readonly journal: Journal
  readonly host: Pick<PluginHost, 'stop' | 'forgive'>
  readonly bundles: BundleSource
  readonly running: Pick<RunningJobs, 'cancel'>
  /** Unless given, nothing is bound. */
  readonly pins?: BindingPins
  /** Unless given, no trust root and no policy is taken. */
  readonly book?: AuthorityBook
  /** Unless given, nothing is known of the hub's log. */
  readonly witness?: Pick<WitnessStore, 'read' | 'write'>
}

/** Decides on one document and records its answer. */
export type Taker = (
  envelope: Uint8Array,
  receipt: Receipt,
  recorder: Recorder,
  ports: TakerPorts,
) => Promise<void>
