// SPDX-License-Identifier: Apache-2.0
/** Keeps TLS going: takes new files while connections stay, and stays with the old ones while the new are unfit. */
import { instantOf } from '@sallyport/core/protocol'
import type { Clock } from '@sallyport/core/wiring'
import { CodedError, isCodedError } from '@sallyport/sdk'
import type { SecureContextOptions } from 'node:tls'
import type { PartState, ReadyPart } from '../http/ready.ts'
import type { Log } from '../log.ts'
import { readTlsFiles, type TlsFiles, type TlsIdentity } from './tls-files.ts'

/** What the keeper needs. */
export interface TlsKeeperParts {
  readonly files: TlsFiles
  readonly clock: Clock
  readonly log: Log
}

/** A server whose certificate can be exchanged; those of node:https can. */
export interface TlsServer {
  setSecureContext(options: SecureContextOptions): void
}

const EVERY_MS = 5_000
const DAY_MS = 86_400_000
/** From then on a certificate that ends is worth a word. */
const SOON_MS = 7 * DAY_MS

/** Holds the certificate in use. */
export class TlsKeeper {
  readonly #parts: TlsKeeperParts
  #identity: TlsIdentity
  /** Why the newest files were not taken; undefined while they are the ones in use. */
  #complaint: string | undefined
  #server: TlsServer | undefined

  private constructor(parts: TlsKeeperParts, identity: TlsIdentity) {
    this.#parts = parts
    this.#identity = identity
  }

  /** Reads the files for the first time; what is expired is taken, and said. Throws: ERR_TLS_FILES. */
  static async open(parts: TlsKeeperParts): Promise<TlsKeeper> {
    const keeper = new TlsKeeper(parts, await readTlsFiles(parts.files))
    keeper.#tell('tls.taken')
    return keeper
  }

  /** The certificate in use. */
  get identity(): TlsIdentity {
    return this.#identity
  }

  /** Says whose certificate is to be exchanged, and looks at the files every few seconds until disposed of. */
  keep(server: TlsServer, everyMs = EVERY_MS): Disposable {
    this.#server = server
    const timer = setInterval(() => void this.look(), everyMs)
    timer.unref()
    return { [Symbol.dispose]: () => clearInterval(timer) }
  }

  /** Looks at the files now. New connections get what is new and fit; connections that stand are not touched. */
  async look(): Promise<void> {
    try {
      const found = await readTlsFiles(this.#parts.files)
      if (!isOther(found, this.#identity)) this.#complaint = undefined
      else this.#take(found)
    } catch (error) {
      this.#complain(isCodedError(error) ? error.message : String(error))
    }
  }

  /** How TLS stands: degraded while new files are unfit, and from a week before the certificate ends. */
  get part(): ReadyPart {
    return { name: 'tls', isNeeded: false, look: () => this.#state() }
  }

  #take(found: TlsIdentity): void {
    this.#expectValidNow(found)
    this.#server?.setSecureContext({ cert: found.cert, key: found.key })
    this.#identity = found
    this.#complaint = undefined
    this.#tell('tls.taken')
  }

  #expectValidNow({ notBeforeMs, notAfterMs }: TlsIdentity): void {
    const nowMs = this.#parts.clock.now()
    if (nowMs < notBeforeMs) throw unfit(`it is valid only from ${instantOf(notBeforeMs)}`)
    if (nowMs >= notAfterMs) throw unfit(`it ended ${instantOf(notAfterMs)}`)
  }

  #state(): PartState {
    const leftMs = this.#identity.notAfterMs - this.#parts.clock.now()
    return this.#complaint === undefined && leftMs > SOON_MS ? 'ok' : 'degraded'
  }

  /** Once for each reason: the files are looked at again and again. */
  #complain(why: string): void {
    if (why === this.#complaint) return
    this.#complaint = why
    this.#parts.log.warn({ why, ...this.#facts() }, 'tls.kept')
  }

  #tell(event: string): void {
    const { log } = this.#parts
    log.info(this.#facts(), event)
    if (this.#state() === 'degraded') log.warn(this.#facts(), 'tls.ends_soon')
    if (this.#identity.isKeyOpen) log.warn({ file: this.#parts.files.key }, 'tls.key_readable')
  }

  #facts(): object {
    const { fingerprint, notAfterMs } = this.#identity
    return { fingerprint, notAfter: instantOf(notAfterMs) }
  }
}

function isOther(found: TlsIdentity, used: TlsIdentity): boolean {
  return !found.cert.equals(used.cert) || !found.key.equals(used.key)
}

function unfit(why: string): CodedError<'ERR_TLS_FILES'> {
  return new CodedError('ERR_TLS_FILES', `the new certificate is not valid now: ${why}`)
}
