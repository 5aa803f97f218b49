// SPDX-License-Identifier: Apache-2.0
/** Typed names for the parts a program is wired from, and a container to put them in. No decorators, no global container. */
import 'reflect-metadata'
import { container as root, instanceCachingFactory, type InjectionToken } from 'tsyringe'

/** The name of a part of type `T`. Declared beside the type, as a constant of the same name. */
export type Token<T> = InjectionToken<T>

/** Gives the parts a factory asks for. */
export interface Resolver {
  resolve<T>(token: Token<T>): T
}

/** Where a program registers its parts. */
export interface Container extends Resolver {
  register<T>(
    token: Token<T>,
    provider: { useValue: T } | { useFactory: (resolver: Resolver) => T },
  ): unknown
}

/**
 * Makes the name of a part.
 *
 * @example
 * export interface Clock { now(): number }
 * export const Clock = token<Clock>('core.Clock')
 */
export function token<T>(name: string): Token<T> {
  return Symbol(name)
}

/** Makes a factory run at most once per container. */
export function once<T>(factory: (resolver: Resolver) => T): (resolver: Resolver) => T {
  const cached = instanceCachingFactory<T>(factory)
  return (resolver) => cached(resolver as Parameters<typeof cached>[0])
}

/**
 * Makes a container of its own. Nothing is ever registered in the root, so two programs in one process share nothing.
 *
 * Why: it closes nothing. Whoever opens a part puts it on an `AsyncDisposableStack`.
 */
export function makeContainer(): Container {
  return root.createChildContainer()
}
