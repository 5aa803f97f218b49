// SPDX-License-Identifier: Apache-2.0
/** Imported by a program before all else, it turns the program's clock: `--import`, with so many milliseconds in TURNED_MS. */

const RealDate = Date
const turnedMs = Number(process.env['TURNED_MS'] ?? 0)

class TurnedDate extends RealDate {
  constructor(...args: [] | [number | string]) {
    super(...((args.length === 0 ? [TurnedDate.now()] : args) as [number]))
  }

  static override now(): number {
    return RealDate.now() + turnedMs
  }
}

globalThis.Date = TurnedDate as DateConstructor
