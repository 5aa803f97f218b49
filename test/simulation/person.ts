// SPDX-License-Identifier: Apache-2.0
/** Whoever submits a document: tries until the hub has it, looks until there is an answer to believe, submits anew what a hub forgot. */
import { isCodedError } from '@sallyport/sdk'
import type { HeldEnvelope } from './mailbox.ts'
import type { Paper } from './papers.ts'
import { Life } from './timeline.ts'
import { note, type World } from './world.ts'

const RETRY_MS = 4_000
const LOOK_EVERY_MS = 45_000

/** How it went. */
export type PaperState = 'on its way' | 'at the hub' | 'answered' | 'expired'

/** One document on its way, and what its sender knows of it. */
export class Submission {
  readonly paper: Paper
  state: PaperState = 'on its way'
  readonly #world: World
  readonly #life = new Life('operator')

  constructor(world: World, paper: Paper) {
    this.#world = world
    this.paper = paper
    world.judge.papers.set(paper.id, paper)
  }

  /** Whether nothing more is to come. */
  get isOver(): boolean {
    return this.state === 'answered' || this.state === 'expired'
  }

  /** Follows the document to its end. */
  async follow(): Promise<void> {
    const { timeline } = this.#world
    while (!this.isOver) {
      await (this.state === 'on its way' ? this.#submit() : this.#look())
      if (this.isOver) return
      await timeline.sleep(this.state === 'on its way' ? RETRY_MS : LOOK_EVERY_MS, this.#life)
    }
  }

  async #submit(): Promise<void> {
    const { wire, mailbox } = this.#world
    const { id: envelopeId, agentId, sealed, expiresMs: expiresAtMs, name } = this.paper
    try {
      const envelope = { envelopeId, agentId, sealed, expiresAtMs }
      await wire.call(`submit ${name}`, () => mailbox.submit(envelope), this.#life)
      this.#become('at the hub')
    } catch (error) {
      if (isCodedError(error) && error.code === 'ERR_ENVELOPE_EXPIRED') this.#become('expired')
    }
  }

  async #look(): Promise<void> {
    const { wire, mailbox, judge } = this.#world
    const { id, name } = this.paper
    try {
      const show = (): HeldEnvelope | undefined => mailbox.show(id)
      const row = await wire.call(`show ${name}`, show, this.#life)
      if (row === undefined) this.#become('on its way')
      else if (row.state === 'expired') this.#become('expired')
      else if (row.result !== undefined && judge.onShown(this.paper, row.result)) {
        this.#become('answered')
      }
    } catch (error) {
      if (!isCodedError(error)) throw error
    }
  }

  #become(state: PaperState): void {
    note(this.#world, 'operator', `${this.paper.name} is ${state}`)
    this.state = state
  }
}
