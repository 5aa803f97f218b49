// SPDX-License-Identifier: Apache-2.0
/** Binds names of plugins on this host, shows what is bound, and unbinds; values are never shown. */
import { resolve } from 'node:path'
import type { BindingSummary, BoundName } from '@sallyport/agent'
import { HANDLE_NAME, PLUGIN_NAME } from '@sallyport/sdk'
import { makeBinding, type BindingFlags } from '../bindings/make-binding.ts'
import { usage } from '../bindings/usage.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { Paint } from '../output/paint.ts'
import { Problem } from '../output/problem.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs, table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { expectEnrolled } from './agent-enrol.ts'

/** Which agent of this host. */
export interface AgentPlace {
  readonly stateDir: string
  readonly passphraseFile?: string | undefined
}

/** Binds a name and shows what it stands for now. */
export async function agentBind(
  talk: Talk,
  place: AgentPlace,
  asked: { name: BoundName; flags: BindingFlags; isAgreed: boolean },
): Promise<void> {
  const { name, flags, isAgreed } = asked
  expectNames(name)
  await expectEnrolled(place.stateDir)
  const { bindName } = await import('@sallyport/agent')
  const binding = await makeBinding(flags, (shown, question) =>
    confirmOrStop(talk, { shown, question, isAgreed }),
  )
  const { bound, replaced } = await bindName(resolved(place), name, binding)
  talk.answer({ format: 'sallyport.agent-bind/1', binding: bound, replaced }, () =>
    [
      `${talk.paint.good('bound')} ${bound.plugin} ${bound.name}`,
      pairs([
        ...rowsOf(bound),
        ...(replaced === null ? [] : [['replaces', wordsOf(replaced)] as const]),
      ]),
      ...notesOn(bound, talk.paint),
      'The agent uses it from its next job on; it need not be started again.',
    ].join('\n'),
  )
}

/** Unbinds a name. Throws: ERR_NOT_BOUND. */
export async function agentUnbind(talk: Talk, place: AgentPlace, name: BoundName): Promise<void> {
  expectNames(name)
  await expectEnrolled(place.stateDir)
  const { unbindName } = await import('@sallyport/agent')
  const removed = await unbindName(resolved(place), name)
  if (removed === null) throw notBound(name)
  talk.answer(
    { format: 'sallyport.agent-unbind/1', removed },
    () => `${talk.paint.good('unbound')} ${name.plugin} ${name.name}: ${wordsOf(removed)}`,
  )
}

/** Shows what is bound. */
export async function agentBindings(talk: Talk, place: AgentPlace): Promise<void> {
  await expectEnrolled(place.stateDir)
  const { listBindings } = await import('@sallyport/agent')
  const bindings = listBindings(resolved(place))
  const heads = ['plugin', 'name', 'kind', 'address', 'known by', 'account', 'headers']
  talk.answer({ format: 'sallyport.agent-bindings/1', bindings }, () =>
    bindings.length === 0
      ? 'nothing is bound; see `sallyport agent bind --help`'
      : table(
          heads.map((head) => ({ head })),
          bindings.map((each) => [
            ...[each.plugin, each.name, each.kind],
            ...cellsOf({ ...each, pin: each.pin && shortPin(each.pin) }),
          ]),
          talk.paint,
        ) +
        bindings.flatMap((each) => notesOn(each, talk.paint).map((line) => `\n${line}`)).join(''),
  )
}

/** Locks and warnings, a line for each. */
function notesOn({ plugin, name, lock, warnings }: BindingSummary, paint: Paint): string[] {
  const locked = lock && [
    `${paint.bad('locked')} ${plugin} ${name} since ${lock.since}: its service showed the certificate ${lock.seen}`,
    `  compare it on the host, then \`sallyport agent pin --agent <name> --plugin ${plugin} --binding ${name} --fingerprint <sha256>\``,
  ]
  return [
    ...(locked ?? []),
    ...warnings.map((text) => `${paint.warn('warning')} ${plugin} ${name}: ${text}`),
  ]
}

function cellsOf({ address, pin, user, headers }: BindingSummary): string[] {
  return [address, pin, user, headers.join(', ')].map((text) =>
    text === null || text === '' ? '–' : safeText(text),
  )
}

/** As much of a fingerprint as people compare; `--json` has all of it. */
function shortPin(pin: string): string {
  return pin.replace(/[0-9a-f]{64}/, (digits) => `${digits.slice(0, 16)}…`)
}

function rowsOf(binding: BindingSummary): (readonly [string, string])[] {
  const [address, pin, account, headers] = cellsOf(binding) as [string, string, string, string]
  const rows = [
    [binding.kind, address === '–' ? 'kept, never shown' : address],
    ['known by', pin],
    ['account', account],
    ['sends', headers],
  ] as const
  return rows.filter(([, value]) => value !== '–')
}

function wordsOf({ kind, address }: BindingSummary): string {
  return address === null ? kind : `${kind} ${safeText(address)}`
}

function resolved({ stateDir, passphraseFile }: AgentPlace): AgentPlace {
  return { stateDir: resolve(stateDir), passphraseFile }
}

function expectNames({ plugin, name }: BoundName): void {
  if (!PLUGIN_NAME.test(plugin)) throw usage(`${plugin} is not the name of a plugin`)
  if (!HANDLE_NAME.test(name)) throw usage(`${name} is not the name of a binding`)
}

function notBound({ plugin, name }: BoundName): Problem {
  return new Problem('ERR_NOT_BOUND', `nothing is bound to ${name} of ${plugin}`, {
    exit: EXIT.failed,
    unharmed: 'Nothing was changed.',
    remedy: 'See what is bound:',
    commands: ['sallyport agent bindings'],
  })
}
