// SPDX-License-Identifier: Apache-2.0
/** Reads a fleet and its hub once a second. */
import type { Fleet } from './fleet.ts'
import { cpuBetween, type Vitals } from './vitals.ts'

/** Where a fleet stood at one moment. */
export interface Reading {
  readonly phase: string
  readonly atSeconds: number
  readonly heldCount: number
  readonly failureCount: number
  /** Of one core, since the reading before; undefined for a hub that is not the fleet's, or away. */
  readonly cpuPercent: number | undefined
  readonly rssMib: number | undefined
  readonly descriptorCount: number | undefined
}

const EVERY_MS = 1_000

/** Reads until it is disposed. */
export class Gauge implements AsyncDisposable {
  readonly #fleet: Fleet
  readonly #onReading: (reading: Reading) => void
  readonly #timer: NodeJS.Timeout
  readonly #startedAt = performance.now()
  #last: Vitals | undefined
  #peakRssMib = 0
  #reading: Promise<void> = Promise.resolve()
  /** What the fleet does. */
  phase = ''

  constructor(fleet: Fleet, onReading: (reading: Reading) => void) {
    this.#fleet = fleet
    this.#onReading = onReading
    this.#timer = setInterval(() => (this.#reading = this.#tick()), EVERY_MS)
  }

  /** The hub's vitals now. */
  async read(): Promise<Vitals | undefined> {
    const vitals = await this.#fleet.vitals()
    if (vitals !== undefined) this.#peakRssMib = Math.max(this.#peakRssMib, vitals.rssMib)
    return vitals
  }

  /** The most memory the hub had since `forgetPeak`. */
  get peakRssMib(): number {
    return this.#peakRssMib
  }

  forgetPeak(): void {
    this.#peakRssMib = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#reading
  }

  async #tick(): Promise<void> {
    const vitals = await this.read()
    const { heldCount, failures } = this.#fleet.count
    const isSame =
      this.#last !== undefined && vitals !== undefined && vitals.cpuMs >= this.#last.cpuMs
    this.#onReading({
      phase: this.phase,
      atSeconds: (performance.now() - this.#startedAt) / 1_000,
      heldCount,
      failureCount: Object.values(failures).reduce((sum, times) => sum + times, 0),
      cpuPercent: isSame ? cpuBetween(this.#last!, vitals) : undefined,
      rssMib: vitals?.rssMib,
      descriptorCount: vitals?.descriptorCount,
    })
    this.#last = vitals
  }
}
