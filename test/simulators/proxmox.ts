// SPDX-License-Identifier: Apache-2.0
/** A simulated Proxmox VE cluster over HTTPS, in the process of a test. */
import { grantToken, openProxmoxSimulator } from '@sallyport/plugin-proxmox/testing'
import type {
  LedgerEntry,
  ProxmoxSimulator,
  SimulatorOptions,
  TokenGrant,
} from '@sallyport/plugin-proxmox/testing'
import { makeCertificate, serveSimulator } from 'sallyport/testing'

/** What is started. Whatever is not given is small and fast. */
export interface ProxmoxOptions extends Partial<SimulatorOptions> {
  /** A free one unless given. */
  readonly port?: number
  /** The token that is made: `sallyport@pve!lab`, separated, with what the jobs need, unless given. */
  readonly token?: Partial<TokenGrant>
}

/** A token, ready for use. */
export interface ReadyToken {
  /** `sallyport@pve!lab` */
  readonly id: string
  readonly secret: string
  /** `sallyport@pve!lab=…`: what `agent bind --pve-token-file` reads. */
  readonly line: string
  /** The value of the header `Authorization`. */
  readonly authorization: string
}

/** A cluster that can be reached. */
export interface StartedProxmox extends AsyncDisposable {
  /** `https://127.0.0.1:40123`, without `/api2/json`. */
  readonly url: string
  readonly port: number
  /** SHA-256 of its certificate: 64 hexadecimal digits. */
  readonly fingerprint: string
  /** The certificate, which is its own authority. */
  readonly caPem: string
  readonly simulator: ProxmoxSimulator
  /** Everything that reached it, oldest first. */
  readonly ledger: readonly LedgerEntry[]
  readonly token: ReadyToken
  /** Makes one more token and returns it. */
  grant(grant: TokenGrant): ReadyToken
  /** Shows a new certificate from now on, as after a renewal or an attack; returns its fingerprint. */
  changeCertificate(): Promise<string>
  close(): Promise<void>
}

const NAMES = ['pve1', 'localhost', '127.0.0.1']
/** From this many bytes on pveproxy compresses. */
const COMPRESS_ABOVE = 1024

/** Starts a simulated cluster: 9.2, three nodes, ten guests, a hundred times as fast as time, unless told otherwise. */
export async function startProxmox(options: ProxmoxOptions = {}): Promise<StartedProxmox> {
  const { port, token = {}, ...given } = options
  const simulator = openProxmoxSimulator({
    version: '9.2',
    nodes: 3,
    guests: 10,
    seed: 7,
    secondMs: 10,
    loginDelayMs: 0,
    ...given,
  })
  const grant = (wanted: TokenGrant) =>
    readyToken(wanted.token, grantToken(simulator.world, wanted))
  const ready = grant({ token: 'sallyport@pve!lab', ...token })
  const certificate = await makeCertificate(NAMES)
  const served = await serveSimulator({
    handle: (request) => simulator.handle(request),
    certificate,
    compressAbove: COMPRESS_ABOVE,
    ...(port === undefined ? {} : { port }),
  })
  return {
    url: served.url,
    port: served.port,
    fingerprint: certificate.fingerprint,
    caPem: certificate.certPem,
    simulator,
    ledger: simulator.ledger,
    token: ready,
    grant,
    changeCertificate: async () => {
      const next = await makeCertificate(NAMES)
      served.changeCertificate(next)
      return next.fingerprint
    },
    close: () => served.close(),
    [Symbol.asyncDispose]: () => served.close(),
  }
}

function readyToken(id: string, secret: string): ReadyToken {
  return { id, secret, line: `${id}=${secret}`, authorization: `PVEAPIToken=${id}=${secret}` }
}
