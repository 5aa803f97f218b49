// SPDX-License-Identifier: Apache-2.0
/** When to run again: the sources have changed, or somebody at the keyboard wants it. */
import { watch } from 'node:fs'
import { basename, join } from 'node:path'
import type { ReadStream } from 'node:tty'
import { DEV_BINDINGS } from './dev-bindings.ts'

/** What is wanted. */
export type Wish = 'run' | 'quit'

/** Editors write a file in several steps; it is read once they are done. */
const SETTLE_MS = 150

const BESIDE_SOURCES: ReadonlySet<string> = new Set([DEV_BINDINGS, 'package.json'])

/** Wishes, one after the other. */
export interface Wishes extends Disposable {
  next(): Promise<Wish>
}

/** Watches the sources of a plugin and, on a terminal, the keys r and q. */
export function watchFolder(folder: string, keyboard: ReadStream | undefined): Wishes {
  using scope = new DisposableStack()
  let wish = Promise.withResolvers<Wish>()
  let timer: NodeJS.Timeout | undefined
  const changed = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => wish.resolve('run'), SETTLE_MS)
  }
  const sources = watch(join(folder, 'src'), { recursive: true }, changed)
  const beside = watch(folder, (_, name) => {
    if (BESIDE_SOURCES.has(basename(name ?? ''))) changed()
  })
  scope.defer(() => [sources, beside].forEach((watcher) => watcher.close()))
  scope.defer(() => clearTimeout(timer))
  if (keyboard !== undefined) scope.use(listenToKeys(keyboard, (key) => wish.resolve(key)))
  const quit = (): void => wish.resolve('quit')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, quit)
    scope.defer(() => void process.off(signal, quit))
  }
  const held = scope.move()
  return {
    async next() {
      const made = await wish.promise
      // A wish to quit stays: nobody wants to be asked twice.
      if (made === 'run') wish = Promise.withResolvers()
      return made
    },
    [Symbol.dispose]: () => held.dispose(),
  }
}

function listenToKeys(keyboard: ReadStream, wants: (wish: Wish) => void): Disposable {
  const hear = (key: Buffer): void => {
    const text = key.toString()
    if (text === 'r') wants('run')
    // In raw mode Ctrl-C and Ctrl-D are keys as well.
    if (text === 'q' || text === '\x03' || text === '\x04') wants('quit')
  }
  keyboard.setRawMode(true)
  keyboard.on('data', hear)
  return {
    [Symbol.dispose]() {
      keyboard.off('data', hear)
      keyboard.setRawMode(false)
      keyboard.pause()
    },
  }
}
