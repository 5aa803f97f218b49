// SPDX-License-Identifier: Apache-2.0
/** Requests that somebody overheard on their way to two hubs, and what these say when they come again. */
import { exchange } from './raw-sockets.ts'
import type { Replicas } from './replicas.ts'

/** The two requests with which an operator opens a session and lists the agents, as they were sent: both were let in. */
export async function overhearList(replicas: Replicas): Promise<string[]> {
  const tell = replicas.overhear()
  await replicas.connect(replicas.operatorIdentity).listAgents()
  const requests = tell().split(/(?=\b(?:GET|POST) \/v1\/)/)
  return requests.filter((one) => /^(GET \/v1\/agents|POST \/v1\/sessions) /.test(one))
}

/** What either hub says to each of these, byte for byte but that the connection ends with the answer. */
export async function replayAtBoth(
  replicas: Replicas,
  requests: readonly string[],
): Promise<Set<string>> {
  const urls = [0, 1].map((n) => replicas.urlOf(n))
  const all = requests.flatMap((request) => urls.map((url) => replay(request, url)))
  return new Set(await Promise.all(all))
}

async function replay(request: string, url: string): Promise<string> {
  const ending = request.replace('connection: keep-alive', 'connection: close')
  const answer = await exchange(url, ending, { quietMs: 10_000 })
  return /"code":"(\w+)"/.exec(answer)?.[1] ?? answer.slice(0, answer.indexOf('\r\n'))
}
