// SPDX-License-Identifier: Apache-2.0
/** A plugin that meets the world through handles alone: HTTP, a Unix service, TCP, SSH, a secret, a folder. */
import {
  connect,
  defineJob,
  definePlugin,
  endpoint,
  files,
  readStream,
  secret,
  ssh,
  sshAgent,
  type ByteSocket,
} from '@sallyport/sdk'
import ssh2 from 'ssh2'
import { z } from 'zod'

/** The part of the package that is used here. */
interface SshClient {
  on(event: 'error', listener: (error: Error) => void): this
  on(event: 'ready', listener: () => void): this
  exec(line: string, listener: (error: Error | undefined, channel: SshChannel) => void): void
  connect(options: object): void
  end(): void
}
interface SshChannel {
  on(event: 'data', listener: (piece: Uint8Array) => void): void
  on(event: 'close', listener: () => void): void
}
const { Client, BaseAgent } = ssh2 as {
  Client: new () => SshClient
  BaseAgent: Parameters<typeof sshAgent>[1]
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const vmid = z.int().min(100).describe('guest')

const web = endpoint('web', ['GET /guests/{vmid}', 'POST /guests/{vmid}/start', 'GET /log/{vmid}'])

const guest = defineJob({
  summary: 'Start one guest by the HTTP service',
  effect: 'change',
  input: z.strictObject({
    vmid,
    path: z.string().optional().describe('another path, to be denied'),
  }),
  output: z.object({ status: z.int(), body: z.string() }),
  resources: { vmid: 'vmid' },
  permissions: { web },
  async run({ input, use }) {
    const path = input.path ?? `/guests/${input.vmid}/start`
    const { status, body } = await use.web.request({ method: 'POST', path, json: { now: true } })
    return { status, body: text(body) }
  },
})

const log = defineJob({
  summary: 'Read the log of one guest as a stream',
  effect: 'read',
  input: z.strictObject({ vmid }),
  output: z.object({ bytes: z.int() }),
  resources: { vmid: 'vmid' },
  permissions: { web },
  async run({ input, use }) {
    let bytes = 0
    for await (const piece of readStream(use.web, { method: 'GET', path: `/log/${input.vmid}` })) {
      bytes += piece.length
    }
    return { bytes }
  },
})

const engine = defineJob({
  summary: 'Ask the service behind a Unix socket for its version',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ version: z.string() }),
  permissions: { engine: endpoint('engine', ['GET /version']) },
  async run({ use }) {
    const { body } = await use.engine.request({ method: 'GET', path: '/version' })
    return { version: text(body) }
  },
})

/** Sends one line and reads what comes back until the other side ends. */
async function exchange(socket: ByteSocket, line: string): Promise<string> {
  socket.end(line)
  let answer = ''
  for await (const piece of socket) answer += text(piece)
  return answer
}

const echo = defineJob({
  summary: 'Send a line to a TCP and to a Unix service',
  effect: 'read',
  input: z.strictObject({ line: z.string().max(100).describe('what to send') }),
  output: z.object({ tcp: z.string(), unix: z.string() }),
  permissions: { tcp: connect('tcp'), pipe: connect('pipe') },
  async run({ input, use }) {
    const [tcp, unix] = await Promise.all([use.tcp.open(), use.pipe.open()])
    return { tcp: await exchange(tcp, input.line), unix: await exchange(unix, input.line) }
  },
})

const shell = defineJob({
  summary: 'Run the one command that the key allows on another machine',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ printed: z.string() }),
  permissions: { nas: ssh('nas') },
  async run({ use }) {
    const { user } = await use.nas.identity()
    const agent = sshAgent(use.nas, BaseAgent)
    const sock = await use.nas.open()
    const client = new Client()
    const printed = await new Promise<string>((done, failed) => {
      client.on('error', failed).on('ready', () => {
        client.exec('id', (error, channel) => {
          if (error) return failed(error)
          let output = ''
          channel.on('data', (piece: Uint8Array) => (output += text(piece)))
          channel.on('close', () => done(output))
        })
      })
      client.connect({ sock, username: user, agent })
    })
    client.end()
    return { printed }
  },
})

const note = defineJob({
  summary: 'Write a secret’s length into a bound folder and read it back',
  effect: 'change',
  input: z.strictObject({}),
  output: z.object({ text: z.string() }),
  permissions: {
    password: secret('password'),
    out: files.write(['@exports/*.txt']),
    back: files.read('@exports/*.txt'),
  },
  async run({ use }) {
    const { length } = await use.password.read()
    await use.out.write('@exports/length.txt', `${length}`)
    return { text: await use.back.text('@exports/length.txt') }
  },
})

export const plugin = definePlugin({
  name: 'world',
  summary: 'Meets the world through handles alone',
  jobs: { guest, log, engine, echo, shell, note },
})
