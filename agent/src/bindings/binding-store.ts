// SPDX-License-Identifier: Apache-2.0
/** The bindings as the running agent sees them: read anew whenever the file has changed. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { digestOf, equalBytes, sha256 } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { Binding, BindingStore } from '@sallyport/core/plugins'
import { readKeyFile, writeKeyFile } from '@sallyport/core/stores'
import { isCodedError } from '@sallyport/sdk'
import { bindingsPath, readBindings, type BindingsPlace } from './bindings-file.ts'
import { encodeBindings, type Bindings } from './bindings-form.ts'

/** What changed, as `kind plugin/name`. */
export interface BindingsChange {
  readonly bound: readonly string[]
  readonly removed: readonly string[]
}

/**
 * A binding store over the file of a state directory.
 *
 * Trust: what cannot be opened, and what cannot be recorded by `onChange`, is not used: `find` throws then.
 */
export class FileBindingStore implements BindingStore {
  readonly #place: BindingsPlace
  readonly #onChange: (change: BindingsChange) => void
  #stamp: string | undefined
  #bindings: Bindings = {}

  /** `onChange` is called before another content than the last one recorded is used; it throws when it cannot record. */
  constructor(place: BindingsPlace, onChange: (change: BindingsChange) => void) {
    this.#place = place
    this.#onChange = onChange
  }

  /** What a name stands for. Throws: ERR_BINDINGS_FILE, and what `onChange` throws. */
  find(pluginName: string, name: string): Binding | undefined {
    this.#refresh()
    const names = Object.hasOwn(this.#bindings, pluginName) ? this.#bindings[pluginName]! : {}
    return Object.hasOwn(names, name) ? names[name] : undefined
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
  return { bound: bound.map(([name]) => name), removed: removed.map(([name]) => name) }
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
