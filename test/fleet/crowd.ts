// SPDX-License-Identifier: Apache-2.0
/** A crowd as its fleet sees it: a process with many light agents in it. */
import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { CrowdCount, EnrolledAgent, FromCrowd, NewAgent, ToCrowd } from './messages.ts'

const MAIN = join(import.meta.dirname, 'crowd-main.ts')
const FLAGS = ['--conditions=@sallyport/source', '--disable-warning=ExperimentalWarning']

type Answered<K extends FromCrowd['kind']> = Extract<FromCrowd, { kind: K }>

const NOTHING_YET: CrowdCount = {
  heldCount: 0,
  pollCount: 0,
  answeredCount: 0,
  effectCount: 0,
  failures: {},
}

/** A running crowd. Disposing it ends the process. */
export class Crowd implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #gone: Promise<void>
  readonly #asked = new Map<number, { resolve(message: FromCrowd): void; reject(e: Error): void }>()
  #lastQuestion = 0
  /** As it was told last. */
  count: CrowdCount = NOTHING_YET

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#gone = new Promise((done) => child.once('exit', () => done()))
    child.on('message', (message: FromCrowd) => this.#hear(message))
    void this.#gone.then(() => {
      for (const { reject } of this.#asked.values()) reject(new Error('the crowd is gone'))
    })
  }

  /** Starts a crowd whose agents are of this hub and have keys of this seed. */
  static async start(url: string, seed: Uint8Array): Promise<Crowd> {
    const child = fork(MAIN, { execArgv: FLAGS, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    await new Promise<void>((ready, failed) => {
      child.once('message', () => ready())
      child.once('exit', () => failed(new Error('a crowd did not start')))
    })
    const crowd = new Crowd(child)
    crowd.#send({ kind: 'begin', url, seed: Buffer.from(seed).toString('hex') })
    return crowd
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Enrols agents by their codes. */
  async enrol(agents: readonly NewAgent[]): Promise<readonly EnrolledAgent[]> {
    const batch = (this.#lastQuestion += 1)
    const answer = await this.#ask(batch, { kind: 'enrol', batch, agents })
    if (answer.kind === 'failed') throw new Error(answer.why)
    return (answer as Answered<'enrolled'>).agents
  }

  /** Every agent begins to poll, at its own moment within this time. */
  poll(withinMs: number, waitSeconds: number): void {
    this.#send({ kind: 'poll', withinMs, waitSeconds })
  }

  /** Agents whose poll is not held. */
  async absent(): Promise<readonly string[]> {
    const question = (this.#lastQuestion += 1)
    const answer = await this.#ask(question, { kind: 'absent', question })
    return (answer as Answered<'absent'>).agentIds
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#gone
  }

  #send(message: ToCrowd): void {
    this.#child.send(message)
  }

  #ask(number: number, message: ToCrowd): Promise<FromCrowd> {
    const { promise, resolve, reject } = Promise.withResolvers<FromCrowd>()
    this.#asked.set(number, { resolve, reject })
    this.#send(message)
    return promise.finally(() => this.#asked.delete(number))
  }

  #hear(message: FromCrowd): void {
    if (message.kind === 'count') this.count = message
    else if (message.kind !== 'ready') {
      this.#asked
        .get(message.kind === 'absent' ? message.question : message.batch)
        ?.resolve(message)
    }
  }
}
