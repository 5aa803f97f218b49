// SPDX-License-Identifier: Apache-2.0
/** The screen before an approval: who published what, and what it may do on which agents, beside what stands there. */
import type { ReadBundle } from '../bundle/read-bundle.ts'
import type { Upgrade } from '../operator/upgrade.ts'
import { keyText } from '../operator/upgrade.ts'
import { publisherText } from '../publisher/known.ts'
import type { KnownPublisher } from '../publisher/known.ts'
import { bindingLines, neededBindings } from './binding-words.ts'
import type { Paint } from './paint.ts'
import { permissionScreen } from './permission-words.ts'
import type { Approvable } from './permission-words.ts'
import { safeText } from './safe-text.ts'
import { counted } from './words.ts'

/** What is shown. */
export interface ApprovalShown {
  readonly bundle: ReadBundle
  readonly publisher: KnownPublisher
  readonly approvable: Approvable
  readonly upgrades: readonly Upgrade[]
  /** Names of agents of the site that get no approval. */
  readonly left: readonly string[]
}

/** The whole screen; agents on which the same stands share one part of it. */
export function approvalScreen(shown: ApprovalShown, paint: Paint): string {
  const { bundle, publisher, approvable, upgrades, left } = shown
  const { manifest, digest } = bundle
  const by = publisherText(publisher)
  const withheld = Object.keys(manifest.jobs).filter(
    (name) => !Object.hasOwn(approvable.jobs, name),
  )
  return [
    `${paint.strong(`${manifest.name} ${manifest.version}`)}, published by ${publisher.isKnown ? by : paint.warn(by)}: ${safeText(manifest.summary)}`,
    paint.dim(digest),
    ...partsOf(upgrades).flatMap((same) => ['', ...partLines(same, shown, paint)]),
    ...section(bindingLines(neededBindings(manifest.name, approvable.jobs))),
    ...(withheld.length === 0
      ? []
      : ['', `Not approved of it: ${withheld.map(safeText).join(', ')}.`]),
    ...(left.length === 0
      ? []
      : ['', `Left out, because not enrolled or not believed: ${left.join(', ')}.`]),
  ].join('\n')
}

function partsOf(upgrades: readonly Upgrade[]): Upgrade[][] {
  const groups = Map.groupBy(upgrades, ({ before }) =>
    JSON.stringify([before?.plugin.digest, before?.publisher.key, before?.jobs]),
  )
  return [...groups.values()]
}

function partLines(
  same: readonly Upgrade[],
  { bundle, publisher, approvable }: ApprovalShown,
  paint: Paint,
): string[] {
  const [{ before, needs }] = same as [Upgrade, ...Upgrade[]]
  const names = same.map(({ agent }) => agent.name).join(', ')
  const many = same.length > 1 ? ` (${counted(same.length, 'agent')})` : ''
  const { version, digest } = before?.plugin ?? { version: '', digest: '' }
  const stands =
    before === undefined
      ? ''
      : digest === bundle.digest
        ? ', approved before'
        : `, replaces ${version}`
  return [
    paint.strong(`On ${names}${many}${stands}:`),
    ...(needs.includes('other_publisher')
      ? [
          paint.bad(
            `  ! another publisher: before it was ${keyText(before!.publisher)}, this is ${keyText(publisher)}`,
          ),
        ]
      : []),
    ...(needs.includes('lower_version')
      ? [paint.bad(`  ! a lower version: ${version} stands, this is ${bundle.manifest.version}`)]
      : []),
    permissionScreen(approvable, before, paint),
  ]
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}
