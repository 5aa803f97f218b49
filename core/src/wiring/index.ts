// SPDX-License-Identifier: Apache-2.0
/** What a program's own wiring imports. */
export { Clock, systemClock } from './clock.ts'
export { makeContainer, once, token } from './token.ts'
export type { Container, Resolver, Token } from './token.ts'
