// SPDX-License-Identifier: Apache-2.0
/** What happened in one run, line by line: a digest of it always, the lines themselves when someone wants to read them. */

/** The record of one run. Two runs of one seed have the same digest, or the simulation is not deterministic. */
export class Trace {
  readonly lines: string[] = []
  readonly #isKept: boolean
  #low = 0x811c_9dc5
  #high = 0x01d8_4c2f

  constructor(isKept: boolean) {
    this.#isKept = isKept
  }

  /** Units: milliseconds since the beginning of the run. */
  note(atMs: number, who: string, what: string): void {
    const line = `${(atMs / 1_000).toFixed(3).padStart(9)} s  ${who.padEnd(8)} ${what}`
    for (let n = 0; n < line.length; n += 1) {
      const code = line.charCodeAt(n)
      this.#low = Math.imul(this.#low ^ code, 0x0100_0193)
      this.#high = Math.imul(this.#high ^ (code + n), 0x0100_01b3)
    }
    if (this.#isKept) this.lines.push(line)
  }

  get digest(): string {
    return [this.#high, this.#low].map((w) => (w >>> 0).toString(16).padStart(8, '0')).join('')
  }
}
