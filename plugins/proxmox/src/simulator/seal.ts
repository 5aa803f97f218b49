// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Tickets and secrets of a simulated cluster, from its seed.
 *
 * Trust: none. The seal is a checksum with a key, enough to tell a ticket of this simulator from any other text; whoever
 * reaches a simulator can forge one.
 */
import { Buffer } from 'node:buffer'
import type { World } from './world.ts'

const keys = new WeakMap<World, string>()

/** The checksum of a text under the cluster's own key, in base64. */
export function seal(world: World, text: string): string {
  const key = keys.get(world) ?? hexFrom(world, 32)
  keys.set(world, key)
  const parts = Array.from({ length: 8 }, (_, index) => checksum(`${key}${index}${text}${key}`))
  return Buffer.from(parts.map((part) => part.toString(16).padStart(8, '0')).join(''), 'hex')
    .toString('base64')
    .replaceAll('=', '')
}

/** A secret in the form of a random UUID. */
export function newSecret(world: World): string {
  const hex = hexFrom(world, 32)
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`]
  return [...parts, `a${hex.slice(17, 20)}`, hex.slice(20)].join('-')
}

function hexFrom(world: World, length: number): string {
  return Array.from({ length }, () => Math.floor(world.random() * 16).toString(16)).join('')
}

/** FNV-1a with 32 bits and a last mixing. */
function checksum(text: string): number {
  let state = 0x811c9dc5
  for (const byte of Buffer.from(text, 'utf8')) state = Math.imul(state ^ byte, 0x01000193)
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  return (state ^ (state >>> 13)) >>> 0
}
