// SPDX-License-Identifier: Apache-2.0
/** SSH from plugins that have neither a network nor a key, against real hosts, through the real sandbox. */
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Binding, SshBinding } from '../../../../src/plugins/bindings/binding.ts'
import { parseSshPrivateKey } from '../../../../src/plugins/bindings/ssh-key.ts'
import { hostForTest, pluginOf, temporaryFolder, type TemporaryFolder } from '../../support.ts'
import { descriptorCount, foundInMemory, packetsOf, sandboxedPid } from '../sandbox-process.ts'
import { startService } from '../service.ts'
import { makeKey, startSshd, type KeyFiles, type SshHost } from './sshd.ts'
import { ssh2Text } from './ssh2-text.ts'

const permissions = {
  nas: { kind: 'ssh', binding: 'nas' },
  other: { kind: 'connect', binding: 'other' },
} as const

/** What the bodies below share: logging in over a socket, and running a command. */
const TOP = `
const login = async (use, { sock, user, agent, ...options } = {}) => {
  const client = new ssh2.Client()
  const name = user ?? (await use.nas.identity()).user
  const ready = new Promise((resolve, reject) => {
    client.on('ready', resolve).on('error', reject)
    client.on('close', () => reject(new Error('closed')))
  })
  client.connect({
    sock: sock ?? await use.nas.open(),
    username: name,
    agent: agent ?? sshAgent(use.nas, ssh2.BaseAgent),
    ...options,
  })
  await ready
  return client
}
const run = (client, command) => new Promise((resolve, reject) => {
  client.exec(command, (error, stream) => {
    if (error) return reject(error)
    let text = ''
    stream.on('data', (bytes) => (text += bytes)).on('close', (code) => resolve({ code, text }))
  })
})
const attempt = (promise) => promise.then(() => 'ok', (error) => error.code ?? error.message)
/** An agent that changes what is to be signed, or keeps it. */
const agentOf = (use, change) => {
  const agent = sshAgent(use.nas, ssh2.BaseAgent)
  const sign = agent.sign.bind(agent)
  agent.sign = (key, data, options, done) => sign(key, change(data), options, done)
  return agent
}
const requests = []
`

let folder: TemporaryFolder
let normal: KeyFiles
let forced: KeyFiles
let nas: SshHost
let other: SshHost
let top: string

beforeAll(async () => {
  folder = await temporaryFolder()
  top = `${await ssh2Text()}${TOP}`
  normal = makeKey(folder.path, 'normal')
  forced = makeKey(folder.path, 'forced')
  const authorized = [
    normal.line,
    `restrict,command="echo forced: $SSH_ORIGINAL_COMMAND" ${forced.line}`,
  ]
  nas = await startSshd({ authorized })
  other = await startSshd({ authorized })
})

afterAll(async () => {
  await nas[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

function hostWith(binding: SshBinding): ReturnType<typeof hostForTest> {
  const address = { host: '127.0.0.1', port: other.port }
  const bound: Record<string, Binding> = { nas: binding, other: { kind: 'connect', address } }
  return hostForTest({ bindings: { find: (_, name) => bound[name] } })
}

function jobsOf(bodies: Record<string, string>) {
  const limits = { timeoutMs: 20_000 }
  const jobs = Object.entries(bodies).map(([name, body]) => [name, { permissions, limits, body }])
  return pluginOf({ top, jobs: Object.fromEntries(jobs) })
}

const ECHO = `
  const client = await login(use)
  const output = await run(client, 'echo it is $((6 * 7))')
  client.end()
  return output`

describe('a plugin with an account on an SSH host', () => {
  it('logs in and runs a command, without a packet, a descriptor or the key', async () => {
    await using host = await hostWith(await nas.binding(normal))
    const plugin = jobsOf({ echo: ECHO })
    const outcome = await host.run(plugin, 'echo')
    expect(outcome).toMatchObject({ state: 'done', output: { code: 0, text: 'it is 42\n' } })
    const calls = outcome.events.map(({ method, target, outcome: how }) => [method, target, how])
    expect(calls).toContainEqual(['sign', 'nas', 'ok'])
    expect(calls.every(([, target, how]) => target === 'nas' && how === 'ok')).toBe(true)
    const pid = sandboxedPid()
    expect(packetsOf(pid)).toEqual({ names: ['lo'], packetCount: 0 })
    const before = descriptorCount()
    for (let count = 0; count < 20; count += 1) await host.run(plugin, 'echo')
    expect(descriptorCount()).toBeLessThanOrEqual(before)
  })

  it('never has the private key anywhere in its memory', async () => {
    await using host = await hostWith(await nas.binding(normal))
    expect(await host.run(jobsOf({ echo: ECHO }), 'echo')).toMatchObject({ state: 'done' })
    const { privateKey, publicKey } = await parseSshPrivateKey(readFileSync(normal.path, 'utf8'))
    const pem = privateKey.reveal()
    const jwk = createPrivateKey(pem).export({ format: 'jwk' })
    const wanted = [
      Buffer.from(publicKey, 'base64'),
      Buffer.from(jwk.d!, 'base64url'),
      Buffer.from(pem.split('\n')[1]!),
      Buffer.from(readFileSync(normal.path, 'utf8').split('\n')[2]!),
      Buffer.from(jwk.d!),
    ]
    // The first is the public half, which shows that what is there is found.
    expect(foundInMemory(sandboxedPid(), wanted)).toEqual([0])
  })

  it('gets no further than the command that the host forces on the key', async () => {
    await using host = await hostWith(await nas.binding(forced))
    const outcome = await host.run(jobsOf({ try: ECHO }), 'try')
    expect(outcome).toMatchObject({ output: { text: 'forced: echo it is $((6 * 7))\n' } })
  })

  it.each([
    ['rsa', ['-t', 'rsa', '-b', '2048']],
    ['ecdsa256', ['-t', 'ecdsa', '-b', '256']],
    ['ecdsa384', ['-t', 'ecdsa', '-b', '384']],
    ['ecdsa521', ['-t', 'ecdsa', '-b', '521']],
  ])(
    'logs in with a key of kind %s to a host with such a key',
    async (name, kind) => {
      const key = makeKey(folder.path, name, ...kind)
      await using sshd = await startSshd({ authorized: [key.line], hostKeyOptions: kind })
      await using host = await hostWith(await sshd.binding(key))
      expect(await host.run(jobsOf({ echo: ECHO }), 'echo')).toMatchObject({ state: 'done' })
    },
    60_000,
  )

  it.each([
    'curve25519-sha256',
    'ecdh-sha2-nistp384',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group-exchange-sha256',
  ])(
    'logs in by the key exchange %s',
    async (method) => {
      const settings = [`KexAlgorithms ${method}`]
      await using sshd = await startSshd({ authorized: [normal.line], settings })
      await using host = await hostWith(await sshd.binding(normal))
      expect(await host.run(jobsOf({ echo: ECHO }), 'echo')).toMatchObject({ state: 'done' })
    },
    60_000,
  )

  it('keeps its connection when host and client exchange keys anew', async () => {
    await using sshd = await startSshd({ authorized: [normal.line], settings: ['RekeyLimit 64K'] })
    await using host = await hostWith(await sshd.binding(normal))
    const body = `const client = await login(use)
      const { text } = await run(client, 'head -c 1000000 /dev/zero | tr "\\\\0" x')
      client.end()
      return { length: text.length }`
    expect(await host.run(jobsOf({ try: body }), 'try')).toMatchObject({
      output: { length: 1_000_000 },
    })
  })
})

describe('the host', () => {
  it('is not spoken to when it has another key, and the plugin learns why', async () => {
    const binding = await nas.binding(normal, { hostKeys: [other.hostKey] })
    await using host = await hostWith(binding)
    const body = `
      const first = await attempt(login(use).catch((error) => { throw { message: error.message } }))
      return { first, second: await attempt(use.nas.open()) }`
    const logBefore = nas.log().length
    const outcome = await host.run(jobsOf({ try: body }), 'try')
    expect(outcome).toMatchObject({
      output: {
        first: expect.stringContaining('another key than the one that is bound'),
        second: 'ERR_CONNECT_FAILED',
      },
    })
    expect(outcome.events.at(-1)).toMatchObject({ method: 'open', code: 'ERR_CONNECT_FAILED' })
    expect(nas.log().slice(logBefore)).not.toMatch(/publickey/)
  })

  it('keeps its reply from a plugin that would go on with another host', async () => {
    const binding = await nas.binding(normal, { hostKeys: [other.hostKey] })
    await using host = await hostWith(binding)
    // The name first: what the host says before the client listens would be lost to it.
    const body = `
      const { user } = await use.nas.identity()
      const sock = await use.nas.open()
      const seen = []
      sock.on('data', (bytes) => seen.push(bytes))
      await attempt(login(use, { sock, user }))
      return { hex: Buffer.concat(seen).toString('hex') }`
    const outcome = await host.run(jobsOf({ try: body }), 'try')
    expect(outcome).toMatchObject({ output: { hex: expect.any(String) } })
    const { hex } = (outcome as { output: { hex: string } }).output
    expect(hex.length).toBeGreaterThan(400)
    expect(hex).not.toContain(Buffer.from(nas.hostKey, 'base64').toString('hex').slice(-64))
  })

  it('may be one of several that are bound', async () => {
    const binding = await nas.binding(normal, { hostKeys: [other.hostKey, nas.hostKey] })
    await using host = await hostWith(binding)
    expect(await host.run(jobsOf({ echo: ECHO }), 'echo')).toMatchObject({ state: 'done' })
  })

  it('hears nothing of a plugin that does not speak SSH to it', async () => {
    let heardBytes = 0
    await using service = await startService((socket) =>
      socket.on('data', (bytes) => (heardBytes += bytes.length)),
    )
    await using host = await hostWith(await nas.binding(normal, { port: service.port }))
    const body = `
      for (const words of input.words) {
        const socket = await use.nas.open()
        socket.on('error', () => undefined)
        socket.write(Buffer.from(words, 'latin1'))
        await new Promise((resolve) => socket.once('close', resolve).resume())
      }
      return {}`
    const words = [
      'GET / HTTP/1.0\r\n\r\n',
      '\0\0\0\x0c\x06\x14',
      `SSH-2.0-${'x'.repeat(300)}`,
      'ssh-2.0-client\r\n',
      '\r\nSSH-2.0-client\r\n',
    ]
    expect(await host.run(jobsOf({ try: body }), 'try', { words })).toMatchObject({ state: 'done' })
    expect([service.count(), heardBytes]).toEqual([words.length, 0])
  })

  it.each([
    ['prints garbage', Buffer.alloc(100_000, 0x5a)],
    ['never ends its line', Buffer.from(`SSH-2.0-${'x'.repeat(100_000)}`)],
    ['states a packet of 4 GiB', Buffer.from('SSH-2.0-host\r\n\xff\xff\xff\xff\x04\x14', 'latin1')],
    ['states an empty packet', Buffer.from('SSH-2.0-host\r\n\0\0\0\x05\x04\0\0\0\0', 'latin1')],
    [
      'sends a reply at once',
      Buffer.from('SSH-2.0-host\r\n\0\0\0\x0c\x06\x1f\0\0\0\0\0\0\0\0\0\0', 'latin1'),
    ],
  ])(
    'that %s costs the agent nothing',
    async (_, garbage) => {
      await using service = await startService((socket) => socket.resume().write(garbage))
      await using host = await hostWith(await nas.binding(normal, { port: service.port }))
      const plugin = jobsOf({ try: 'return { code: await attempt(login(use)) }' })
      const outcome = await host.run(plugin, 'try')
      expect(outcome).toMatchObject({ state: 'done' })
      expect(JSON.stringify(outcome)).not.toContain('"code":"ok"')
      for (let wait = 0; wait < 40 && service.open.size > 0; wait += 1) await after(25)
      expect(service.open.size).toBe(0)
    },
    60_000,
  )
})

describe('the operator’s key', () => {
  it('signs nothing but the request to log in as the bound user with the bound key', async () => {
    await using host = await hostWith(await nas.binding(normal))
    const body = `
      const refused = {}
      const changed = {
        user: (data) => swap(data, ${JSON.stringify(nas.user)}, 'x'.repeat(${nas.user.length})),
        service: (data) => swap(data, 'ssh-connection', 'ssh-connectioN'),
        method: (data) => swap(data, 'publickey', 'hostbased'),
        unsigned: (data) => swap(data, 'publickey\\x01', 'publickey\\x00'),
        session: (data) => { const copy = Buffer.from(data); copy[10] ^= 1; return copy },
        key: (data) => { const copy = Buffer.from(data); copy[copy.length - 1] ^= 1; return copy },
        longer: (data) => Buffer.concat([data, Buffer.alloc(1)]),
        shorter: (data) => data.subarray(0, -1),
        raw: () => Buffer.from('pay 100 to the bearer'),
        empty: () => Buffer.alloc(0),
        challenge: (data) => data.subarray(4, 36),
      }
      const swap = (data, from, to) =>
        Buffer.from(data.toString('latin1').replace(from, to), 'latin1')
      for (const [name, change] of Object.entries(changed)) {
        let code
        const agent = agentOf(use, change)
        const sign = agent.sign
        agent.sign = (key, data, options, done) =>
          sign(key, data, options, (error, signature) => { code = error?.code; done(error, signature) })
        await attempt(login(use, { agent }))
        refused[name] = code
      }
      return refused`
    const outcome = await host.run(jobsOf({ try: body }), 'try')
    const refused = (outcome as unknown as { output: Record<string, string> }).output
    expect(Object.keys(refused)).toHaveLength(11)
    expect(new Set(Object.values(refused))).toEqual(new Set(['ERR_HANDLE_DENIED']))
  })

  it('opens no other host, though that host would take it', async () => {
    await using host = await hostWith(await nas.binding(normal))
    const logBefore = other.log().length
    const body = `
      const held = await login(use)
      let code
      const agent = sshAgent(use.nas, ssh2.BaseAgent)
      const sign = agent.sign.bind(agent)
      agent.sign = (key, data, options, done) =>
        sign(key, data, options, (error, signature) => { code = error?.code; done(error, signature) })
      const there = await attempt(login(use, { sock: await use.other.open(), agent }))
      return { there, code, here: (await run(held, 'echo here')).text }`
    const outcome = await host.run(jobsOf({ try: body }), 'try')
    expect(outcome).toMatchObject({ output: { code: 'ERR_HANDLE_DENIED', here: 'here\n' } })
    expect(outcome).not.toMatchObject({ output: { there: 'ok' } })
    expect(other.log().slice(logBefore)).toMatch(/Postponed publickey|Connection (closed|reset)/)
    expect(other.log().slice(logBefore)).not.toMatch(/Accepted publickey/)
  })

  it('signs a request again neither after its connection has ended nor in another run', async () => {
    await using host = await hostWith(await nas.binding(normal))
    const plugin = jobsOf({
      first: `
        const agent = agentOf(use, (data) => (requests.push(Buffer.from(data)), data))
        const client = await login(use, { agent })
        const again = await attempt(use.nas.sign(requests[0], 'ssh-ed25519'))
        const closed = new Promise((resolve) => client.once('close', resolve))
        client.end()
        await closed
        let late = 'ok'
        while (late === 'ok') {
          await new Promise((resolve) => setTimeout(resolve, 200))
          late = await attempt(use.nas.sign(requests[0], 'ssh-ed25519'))
        }
        return { again, late }`,
      second: `
        const client = await login(use)
        return { replayed: await attempt(use.nas.sign(requests[0], 'ssh-ed25519')) }`,
    })
    expect(await host.run(plugin, 'first')).toMatchObject({
      output: { again: 'ok', late: 'ERR_HANDLE_DENIED' },
    })
    expect(await host.run(plugin, 'second')).toMatchObject({
      output: { replayed: 'ERR_HANDLE_DENIED' },
    })
  })

  it('signs no request of another run, though its connection is open', async () => {
    await using host = await hostWith(await nas.binding(normal))
    const plugin = jobsOf({
      hold: `
        const agent = agentOf(use, (data) => (requests.push(Buffer.from(data)), data))
        await login(use, { agent })
        while (requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
        return { own: await attempt(use.nas.sign(requests[0], 'ssh-ed25519')) }`,
      take: `
        while (requests.length < 1) await new Promise((resolve) => setTimeout(resolve, 20))
        await login(use)
        const code = await attempt(use.nas.sign(requests[0], 'ssh-ed25519'))
        requests.push('done')
        return { code }`,
    })
    const [held, taken] = await Promise.all([host.run(plugin, 'hold'), host.run(plugin, 'take')])
    expect(held).toMatchObject({ output: { own: 'ok' } })
    expect(taken).toMatchObject({ output: { code: 'ERR_HANDLE_DENIED' } })
  })

  it('signs a request with the algorithm that stands in it', async () => {
    const key = makeKey(folder.path, 'stated', '-t', 'rsa', '-b', '2048')
    await using sshd = await startSshd({ authorized: [key.line] })
    await using host = await hostWith(await sshd.binding(key))
    const body = `
      const agent = agentOf(use, (data) => (requests.push(Buffer.from(data)), data))
      await login(use, { agent })
      const stated = requests[0].includes('rsa-sha2-512') ? 512 : 256
      return {
        stated: await attempt(use.nas.sign(requests[0], 'rsa-sha2-' + stated)),
        other: await attempt(use.nas.sign(requests[0], 'rsa-sha2-' + (768 - stated))),
      }`
    expect(await host.run(jobsOf({ try: body }), 'try')).toMatchObject({
      output: { stated: 'ok', other: 'ERR_HANDLE_DENIED' },
    })
  })

  it('signs with no other algorithm than its own, and a connection’s request a few times only', async () => {
    await using host = await hostWith(await nas.binding(normal))
    const body = `
      const agent = agentOf(use, (data) => (requests.push(Buffer.from(data)), data))
      const client = await login(use, { agent })
      const codes = []
      for (const algorithm of ['ssh-rsa', 'rsa-sha2-512', '', 'ssh-ed25519 ', 'none'])
        codes.push(await attempt(use.nas.sign(requests[0], algorithm)))
      const often = []
      for (let count = 0; count < 7; count += 1)
        often.push(await attempt(use.nas.sign(requests[0], 'ssh-ed25519')))
      return { codes: [...new Set(codes)], often }`
    expect(await host.run(jobsOf({ try: body }), 'try')).toMatchObject({
      output: {
        codes: ['ERR_HANDLE_DENIED'],
        often: [...Array<string>(5).fill('ok'), 'ERR_HANDLE_DENIED', 'ERR_HANDLE_DENIED'],
      },
    })
  })
})
