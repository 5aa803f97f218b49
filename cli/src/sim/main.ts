// SPDX-License-Identifier: Apache-2.0
/**
 * The program behind `sallyport sim proxmox`: serves a simulated cluster and says on standard output, one JSON document a
 * line, where it is and what changes reach it.
 */
import { parseArgs } from 'node:util'
import { isCodedError } from '@sallyport/sdk'
import { EXIT } from '../output/exit-codes.ts'
import { Problem, problemJson } from '../output/problem.ts'
import { makeCertificate } from './certificate.ts'
import { openControl } from './control.ts'
import { loadProxmoxKit } from './proxmox-kit.ts'
import type { ProxmoxKit, ProxmoxSimulation, SimulatedExchange } from './proxmox-kit.ts'
import { serveSimulator } from './serve.ts'

/** The ready-made token. */
const TOKEN = 'sallyport@pve!lab'
/** From this many bytes on pveproxy compresses. */
const COMPRESS_ABOVE = 1024

const FLAGS = {
  version: { type: 'string', default: '9.2' },
  nodes: { type: 'string', default: '3' },
  guests: { type: 'string', default: '40' },
  seed: { type: 'string', default: '7' },
  speed: { type: 'string', default: '1' },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '0' },
  control: { type: 'string' },
  'until-stdin-ends': { type: 'boolean', default: false },
} as const

/** Whatever this program writes is for its own account alone. */
process.umask(0o077)

try {
  const { values } = parseArgs({ args: process.argv.slice(2), options: FLAGS })
  const kit = await loadProxmoxKit()
  const simulation = kit.openProxmoxSimulator({
    version: values.version,
    nodes: Number(values.nodes),
    guests: Number(values.guests),
    seed: Number(values.seed),
    secondMs: 1000 / Number(values.speed),
  })
  await using stack = new AsyncDisposableStack()
  const certificate = await makeCertificate([
    ...new Set(['pve1', 'localhost', '127.0.0.1', values.host]),
  ])
  const served = stack.use(
    await serveSimulator({
      handle: (request) => simulation.handle(request),
      host: values.host,
      port: Number(values.port),
      certificate,
      compressAbove: COMPRESS_ABOVE,
    }),
  )
  if (values.control !== undefined) {
    stack.use(await openControl(values.control, { kit, simulation }))
  }
  tell({
    event: 'sim.started',
    url: served.url,
    fingerprint: certificate.fingerprint,
    caPem: certificate.certPem,
    ...accountOf(kit, simulation),
  })
  simulation.observe(tellChange)
  await toldToGo(values['until-stdin-ends'])
} catch (error) {
  tell({ event: 'sim.failed', ...failureOf(error) })
  process.exitCode = EXIT.failed
}

function accountOf(kit: ProxmoxKit, { world }: ProxmoxSimulation): object {
  const secret = kit.grantToken(world, { token: TOKEN })
  return { user: 'root@pam', password: kit.ROOT_PASSWORD, token: { id: TOKEN, secret } }
}

function tellChange({ atMs, user, method, path, status, hasEffect }: SimulatedExchange): void {
  if (method === 'GET') return
  const at = new Date(atMs).toISOString()
  tell({ event: 'sim.change', at, user, method, path, status, hasEffect })
}

function failureOf(error: unknown): object {
  if (error instanceof Problem) return problemJson(error)
  const { code, message } = isCodedError(error)
    ? error
    : { code: 'ERR_INTERNAL', message: String(error) }
  return { code, message, details: {}, remedy: '' }
}

function tell(document: object): void {
  process.stdout.write(`${JSON.stringify(document)}\n`)
}

/** Resolves with a signal, or when whoever started this program is gone. */
function toldToGo(isUntilStdinEnds: boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  if (isUntilStdinEnds) {
    process.stdin.on('end', () => resolve()).on('error', () => resolve())
    process.stdin.resume()
  }
  return promise.finally(() => process.stdin.destroy())
}
