// SPDX-License-Identifier: Apache-2.0
/** What a signed pin changes, and where: the bindings of an agent and the locks on them. */
import type { StandingPin } from '../admission/index.ts'

/** A name of a plugin. */
export interface PinnedName {
  readonly plugin: string
  readonly binding: string
}

/** The bindings of an agent, as a signed pin changes them. */
export interface BindingPins {
  /**
   * Makes this certificate the pinned one if `mayPin` says so of what stands; returns what stood before. Durable when
   * it resolves. Between the question and the change nothing else changes the bindings.
   *
   * Throws: ERR_BINDINGS_FILE, ERR_STATE_LOCKED, ERR_KEY_FILE_IO.
   */
  pin(
    name: PinnedName,
    pin: { readonly sha256: string; readonly issuedAt: string },
    mayPin: (standing: StandingPin | undefined) => boolean,
  ): Promise<StandingPin | undefined>
  /** Forgets the lock on a name; within a transaction of the journal. */
  lift(name: PinnedName): void
}

/** Bindings of an agent that has none. */
export const NO_PINS: BindingPins = {
  pin: async (_name, _pin, mayPin) => void mayPin(undefined),
  lift: () => undefined,
}
