// SPDX-License-Identifier: GPL-3.0-or-later
/** Packages of a node as `/apt` lists them, and the kernels among them. */
import { inOrder } from './cluster.ts'
import { lineOf, rowsOf, textOf } from './values.ts'

/** A package with a newer version. */
export interface PackageUpdate {
  readonly package: string
  readonly from: string | null
  readonly to: string
  readonly origin: string
}

/** The packages with newer versions, sorted. */
export function updatesIn(answer: unknown): PackageUpdate[] {
  return rowsOf(answer)
    .flatMap((row) => {
      const [name, to] = [textOf(row['Package']), textOf(row['Version'])]
      if (name === undefined || to === undefined) return []
      const from = textOf(row['OldVersion'])
      return [
        {
          package: lineOf(name, 100),
          from: from === undefined ? null : lineOf(from, 100),
          to: lineOf(to, 100),
          origin: lineOf(row['Origin'] ?? 'unknown', 60),
        },
      ]
    })
    .sort((a, b) => inOrder(a.package, b.package))
}

/** Source: pve-manager, `PVE/API2/APT`: the row of the meta package tells which kernel runs. */
export function runningKernel(answer: unknown): string | null {
  const told = rowsOf(answer).flatMap((row) => textOf(row['RunningKernel']) ?? [])[0]
  return told === undefined ? null : releaseIn(told)
}

/** The newest kernel that is installed, by its numbers. */
export function newestKernel(answer: unknown): string | null {
  const releases = rowsOf(answer)
    .filter((row) => row['CurrentState'] === 'Installed')
    .flatMap((row) => {
      const name = textOf(row['Package']) ?? ''
      const [, release] = /^(?:proxmox|pve)-kernel-(\d+\.\d+\.\d+-\d+-pve)\b/.exec(name) ?? []
      return release ?? []
    })
  return releases.sort(byNumbers).at(-1) ?? null
}

function releaseIn(text: string): string | null {
  return /\d+\.\d+\.\d+-\d+-pve/.exec(text)?.[0] ?? null
}

function byNumbers(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/\D+/).map(Number))
  for (const [at, number] of (left ?? []).entries()) {
    const other = right?.[at] ?? 0
    if (number !== other) return number - other
  }
  return 0
}
