// SPDX-License-Identifier: Apache-2.0
/** The bindings as the running agent sees them: read anew whenever the file has changed. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, equalBytes, sha256 } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import {
  pinText,
  type Binding,
  type BindingLock,
  type BindingStore,
  type DistrustedPeer,
} from '@sallyport/core/plugins'
import { readKeyFile, writeKeyFile } from '@sallyport/core/stores'
import { isCodedError } from '@sallyport/sdk'
import { isPinnable, lockIn, stampOf as bindingStampOf, type LockBook } from './binding-locks.ts'
import { bindingsPath, readBindings, type BindingsPlace } from './bindings-file.ts'
import { boundAs, encodeBindings, type Bindings } from './bindings-form.ts'
import { tokenWarnings } from './token-warnings.ts'

/** What changed, as `kind plugin/name`. */
export interface BindingsChange {
  readonly bound: readonly string[]
  readonly removed: readonly string[]
  /** What was accepted with a warning, as `kind plugin/name: warning`. */
  readonly accepted?: readonly string[]
}

/**
 * A binding store over the file of a state directory.
 *
 * Trust: what cannot be opened, and what cannot be recorded by `onChange`, is not used: `find` throws then.
 */
export class FileBindingStore implements BindingStore {
  readonly #place: BindingsPlace
  readonly #onChange: (change: BindingsChange) => void
  readonly #locks: LockBook | undefined
  #stamp: string | undefined
  #bindings: Bindings = {}

  /** `onChange` is called before another content than the last one recorded is used; it throws when it cannot record. */
  constructor(place: BindingsPlace, onChange: (change: BindingsChange) => void, locks?: LockBook) {
    this.#place = place
    this.#locks = locks
    this.#onChange = onChange
  }

  /** What a name stands for. Throws: ERR_BINDINGS_FILE, and what `onChange` throws. */
  find(pluginName: string, name: string): Binding | undefined {
    this.#refresh()
    const found = boundAs(this.#bindings, pluginName, name)
    if (this.#locks === undefined || !isPinnable(found)) return found
    return { ...found, onDistrust: (peer) => this.#lock(pluginName, name, peer) }
  }

  /** The lock on a name. Throws: as `find`, and ERR_STORE_…. */
  lockOn(pluginName: string, name: string): BindingLock | undefined {
    const found = this.find(pluginName, name)
    return isPinnable(found) ? lockIn(this.#locks?.find(pluginName, name), found) : undefined
  }

  /** Why the pin is compared: a run that began before the name was pinned anew must not lock it by its old pin. */
  #lock(pluginName: string, name: string, peer: DistrustedPeer): void {
    const found = this.find(pluginName, name)
    if (!isPinnable(found) || pinText(found.pin) !== peer.pinned) return
    if (this.lockOn(pluginName, name) !== undefined) return
    this.#locks!.put({ pluginName, name, stamp: bindingStampOf(found), ...peer })
  }

  /** Reads the file if it is another one than last time. Why no watching: the next job must see what was just bound. */
  #refresh(): void {
    const stamp = stampOf(bindingsPath(this.#place.stateDir))
    if (stamp === this.#stamp) return
    const { bindings, sealed } = readBindings(this.#place)
    this.#recordChange(bindings, sealed)
    this.#bindings = bindings
    this.#stamp = stamp
  }

  /** Why the digest of the sealed file is kept: a start of the agent is no change. */
  #recordChange(bindings: Bindings, sealed: string): void {
    const digest = Buffer.from(digestOf(Buffer.from(sealed)))
    const seenPath = join(this.#place.stateDir, 'bindings.seen')
    const seen = readSeen(seenPath)
    const isNew = seen === undefined ? sealed !== '' : !equalBytes(seen, digest)
    if (!isNew) return
    this.#onChange(changeBetween(this.#bindings, bindings))
    writeKeyFile(seenPath, digest)
  }
}

/** Identity, size and times of a file; `none` when there is none. */
function stampOf(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stats === undefined) return 'none'
  const { dev, ino, size, mode, mtimeNs, ctimeNs } = stats
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join(' ')
}

function readSeen(path: string): Uint8Array | undefined {
  try {
    return readKeyFile(path)
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_KEY_FILE_MISSING') return undefined
    throw error
  }
}

function changeBetween(before: Bindings, after: Bindings): BindingsChange {
  const [old, now] = [entriesOf(before), entriesOf(after)]
  const bound = [...now].filter(([name, value]) => old.get(name) !== value)
  const removed = [...old].filter(([name]) => !now.has(name))
  const accepted = warningsOf(after).filter(({ entry }) => bound.some(([name]) => name === entry))
  return {
    bound: bound.map(([name]) => name),
    removed: removed.map(([name]) => name),
    ...(accepted.length > 0 && {
      accepted: accepted.map(({ entry, warning }) => `${entry}: ${warning}`),
    }),
  }
}

function warningsOf(bindings: Bindings): { entry: string; warning: string }[] {
  return Object.entries(bindings).flatMap(([plugin, names]) =>
    Object.entries(names).flatMap(([name, binding]) =>
      tokenWarnings(binding).map((warning) => ({
        entry: `${binding.kind} ${plugin}/${name}`,
        warning,
      })),
    ),
  )
}

/** By `kind plugin/name`, a hash of the whole binding. */
function entriesOf(bindings: Bindings): Map<string, string> {
  return new Map(
    Object.entries(bindings).flatMap(([plugin, names]) =>
      Object.entries(names).map(([name, binding]) => [
        `${binding.kind} ${plugin}/${name}`,
        encodeBase64url(sha256(encodeBindings({ [plugin]: { [name]: binding } }))),
      ]),
    ),
  )
}
