// SPDX-License-Identifier: GPL-3.0-or-later
/** A fake Proxmox VE for tests of single functions: what it answers, written as Proxmox VE writes it. */
import { fakeEndpoint } from '@sallyport/sdk/testing'
import type { FakeEndpointHandler } from '@sallyport/sdk/testing'

/** A success with this as `data`. */
export function data(value: unknown): { readonly json: unknown } {
  return { json: { data: value } }
}

/** A refusal by the code of Proxmox VE, with status and words. */
export function refusal(
  status: number,
  message: string,
  errors?: Readonly<Record<string, string>>,
): { readonly status: number; readonly json: unknown } {
  return { status, json: { data: null, message: `${message}\n`, ...(errors && { errors }) } }
}

/** The refusal for a guest that the node does not have. */
export function noGuestFile(node: string, kind: 'qemu' | 'lxc', vmid: number): object {
  const folder = kind === 'qemu' ? 'qemu-server' : 'lxc'
  return refusal(500, `Configuration file 'nodes/${node}/${folder}/${vmid}.conf' does not exist`)
}

/** A connection that breaks. */
export const cut = { code: 'ERR_ENDPOINT_UNREACHABLE' } as const

/** Answers one after the other; the last one for ever. */
export function inTurn(...answers: readonly FakeEndpointHandler[]): FakeEndpointHandler {
  let at = 0
  return (request) => {
    const answer = answers[Math.min(at++, answers.length - 1)]!
    return typeof answer === 'function' ? answer(request) : answer
  }
}

/** Requests that were made, `GET /nodes`, without those that only look when `changing` is asked for. */
export function asked(
  pve: { readonly calls: readonly { readonly target: string }[] },
  which: 'all' | 'changing' = 'all',
): string[] {
  const targets = pve.calls.map(({ target }) => target)
  return which === 'all' ? targets : targets.filter((target) => !target.startsWith('GET '))
}

export { fakeEndpoint }
