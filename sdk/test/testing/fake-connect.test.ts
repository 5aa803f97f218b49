// SPDX-License-Identifier: Apache-2.0
/** Fakes for connections, SSH accounts and secrets. */
import { describe, expect, it } from '@jest/globals'
import { connect, secret, ssh, type ByteSocket } from '../../src/index.ts'
import { obey } from '../../src/testing/fake.ts'
import { fakeConnect, fakeSecret, fakeSsh } from '../../src/testing/index.ts'

async function textOf(socket: ByteSocket): Promise<string> {
  let text = ''
  for await (const bytes of socket) text += new TextDecoder().decode(bytes)
  return text
}

describe('fakeConnect', () => {
  it('joins the plugin to a function that plays the service', async () => {
    const fake = fakeConnect((socket) => {
      socket.write('220 ready\n')
      socket.on('data', (bytes: Uint8Array) => {
        socket.end(`you said ${new TextDecoder().decode(bytes)}`)
      })
    })
    const socket = await fake[obey](connect('mail')).open()
    socket.write('hello')
    expect(await textOf(socket)).toBe('220 ready\nyou said hello')
    expect(fake.calls).toEqual([{ method: 'open', target: 'mail' }])
  })

  it('tells both sides by events when the other one ends', async () => {
    const events: string[] = []
    const fake = fakeConnect((socket) => {
      socket.on('data', (bytes: Uint8Array) => events.push(`service got ${bytes.length}`))
      socket.once('end', () => events.push('service: end'))
      socket.on('close', () => events.push('service: close'))
    })
    const socket = await fake.open()
    socket.once('close', () => events.push('plugin: close'))
    socket.end(Uint8Array.of(1, 2, 3))
    expect(await textOf(socket)).toBe('')
    expect(events).toEqual(['service got 3', 'service: end', 'service: close', 'plugin: close'])
  })

  it('says what went wrong with a connection that is destroyed, and takes nothing more', async () => {
    const socket = await fakeConnect(() => undefined).open()
    const seen: unknown[] = []
    socket.on('error', (error: Error) => seen.push(error.message))
    socket.destroy(new Error('enough'))
    socket.destroy()
    expect(seen).toEqual(['enough'])
    expect(socket.write('more')).toBe(false)
    expect(await textOf(socket)).toBe('')
  })

  it('fails to connect when told to', async () => {
    const fake = fakeConnect({ code: 'ERR_CONNECT_FAILED' })
    await expect(fake.open()).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' })
  })
})

describe('fakeSsh', () => {
  it('has a user, a key and a host, and signs only when told how', async () => {
    const fake = fakeSsh({ user: 'backup', host: (socket) => socket.end('SSH-2.0-fake\r\n') })
    const account = fake[obey](ssh('nas'))
    const { user, publicKey } = await account.identity()
    expect([user, publicKey.length]).toEqual(['backup', 51])
    expect(await textOf(await account.open())).toBe('SSH-2.0-fake\r\n')
    const request = Uint8Array.of(1)
    await expect(account.sign(request, 'ssh-ed25519')).rejects.toMatchObject({
      code: 'ERR_HANDLE_DENIED',
    })
    const signing = fakeSsh({ sign: (data) => data })
    expect(await signing.sign(request, 'ssh-ed25519')).toEqual(request)
    expect(await textOf(await signing.open())).toBe('')
    expect(fake.calls.map(({ target }) => target)).toEqual(['nas', 'nas', 'nas'])
  })
})

describe('fakeSecret', () => {
  it('has a value and remembers who read it', async () => {
    const fake = fakeSecret('open sesame')
    expect(await fake[obey](secret('door')).read()).toBe('open sesame')
    expect(fake.calls).toEqual([{ method: 'read', target: 'door' }])
  })
})
