// SPDX-License-Identifier: Apache-2.0
/** What a person gives becomes exactly one binding, and secrets come out of private files alone. */
import { execFileSync } from 'node:child_process'
import { createHmac, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  parseFingerprint,
  parseSocketAddress,
  parseSshAddress,
} from '../../src/bindings/addresses.ts'
import { readHostKeys } from '../../src/bindings/host-keys.ts'
import { makeBinding, type BindingFlags } from '../../src/bindings/make-binding.ts'

let folder: string
const at = (name: string): string => join(folder, name)
const put = (name: string, text: string): Promise<void> =>
  writeFile(at(name), text, { mode: 0o600 })
const never = (): Promise<void> => Promise.reject(new Error('nothing may be asked'))
const make = (flags: BindingFlags) => makeBinding(flags, never)

/** An Ed25519 key in SSH wire format, base64, filled with one byte. */
function hostKey(byte: number): string {
  const text = Buffer.from('ssh-ed25519')
  const head = Buffer.from([0, 0, 0, text.length])
  return Buffer.concat([head, text, Buffer.from([0, 0, 0, 32]), Buffer.alloc(32, byte)]).toString(
    'base64',
  )
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-make-binding-'))
  await put('token', 's3cret\n')
  await put('pair', 'ada:pass:word')
  await put('pve', 'PVEAPIToken=mon@pve!x=0-1-2\n')
  await put('root', 'root@pam!x=0-1-2\n')
  await put('rootHeader', 'PVEAPIToken=root@pam!x=0-1-2\n')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

/** The values of the headers of an endpoint. */
async function headersOf(flags: BindingFlags): Promise<Record<string, string>> {
  const binding = await make({ unix: '/run/x.sock', ...flags })
  if (binding.kind !== 'endpoint') throw new Error(binding.kind)
  return Object.fromEntries(
    Object.entries(binding.headers).map(([name, value]) => [name, value.reveal()]),
  )
}

describe('a service', () => {
  it('is known by a CA, a fingerprint or the public authorities', async () => {
    await put('ca.pem', 'PEM')
    const url = 'https://pve1:8006/api2/json'
    const sha256 = 'AB:'.repeat(31) + 'AB'
    expect(await make({ url, ca: at('ca.pem') })).toMatchObject({
      url,
      pin: { by: 'ca', pem: 'PEM' },
    })
    const pin = { by: 'fingerprint', sha256: 'ab'.repeat(32) }
    expect(await make({ url, fingerprint: sha256 })).toMatchObject({ kind: 'endpoint', pin })
    expect(await make({ url, 'public-ca': true })).toMatchObject({ pin: { by: 'public' } })
    expect(await make({ url: 'http://127.0.0.1:80' })).toMatchObject({ pin: { by: 'none' } })
  })

  it('may be on a Unix socket', async () => {
    expect(await make({ unix: '/run/docker.sock', base: '/v1.44' })).toEqual({
      kind: 'endpoint',
      url: 'http://localhost/v1.44',
      socketPath: '/run/docker.sock',
      pin: { by: 'none' },
      headers: {},
    })
  })

  it('gets its credential from files, in the form it wants', async () => {
    expect(await headersOf({ 'bearer-file': at('token') })).toEqual({
      Authorization: 'Bearer s3cret',
    })
    const pair = Buffer.from('ada:pass:word').toString('base64')
    expect(await headersOf({ 'basic-file': at('pair') })).toEqual({
      Authorization: `Basic ${pair}`,
    })
    expect(
      await headersOf({ 'header-file': [`X-Key=${at('token')}`, `X-Two=${at('token')}`] }),
    ).toEqual({ 'X-Key': 's3cret', 'X-Two': 's3cret' })
    const { headers } = (await make({
      url: 'http://localhost',
      'pve-token-file': at('pve'),
    })) as { headers: Record<string, { reveal(): string }> }
    expect(headers['Authorization']!.reveal()).toBe('PVEAPIToken=mon@pve!x=0-1-2')
  })
})

describe('a certificate that is fetched', () => {
  let server: Server
  let url: string

  beforeAll(async () => {
    const args = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-subj', '/CN=pve1']
    const out = ['-keyout', at('key.pem'), '-out', at('cert.pem')]
    execFileSync('/usr/bin/openssl', [...args, ...out], { stdio: 'ignore' })
    const [key, cert] = await Promise.all([readFile(at('key.pem')), readFile(at('cert.pem'))])
    server = createServer({ key, cert })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `https://127.0.0.1:${(server.address() as { port: number }).port}`
  })

  afterAll(() => void server.close())

  it('is shown and pinned after a yes', async () => {
    const certificate = new X509Certificate(await readFile(at('cert.pem')))
    let shown = ''
    const binding = await makeBinding({ url, 'fetch-fingerprint': true }, async (text) => {
      shown = text
    })
    const sha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    expect(binding).toMatchObject({ pin: { by: 'fingerprint', sha256 } })
    expect(shown).toContain(certificate.fingerprint256)
    expect(shown).toContain('CN=pve1')
    expect(shown).toContain(certificate.validTo)
  })

  it('is not pinned after a no, and not where nobody answers', async () => {
    await expect(make({ url, 'fetch-fingerprint': true })).rejects.toThrow('nothing may be asked')
    const away = make({ url: 'https://127.0.0.1:1', 'fetch-fingerprint': true })
    await expect(away).rejects.toThrowCode('ERR_ENDPOINT_UNREACHABLE')
  })
})

describe('an SSH account', () => {
  it('is bound with the key as PKCS #8 and the keys of that host alone', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    await put('id', privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
    const salt = Buffer.alloc(20, 1)
    const hashed = createHmac('sha1', salt).update('nas.lan').digest('base64')
    await put(
      'known_hosts',
      [
        '# remark',
        `nas.lan,10.0.0.9 ssh-ed25519 ${hostKey(1)}`,
        `other.lan ssh-ed25519 ${hostKey(2)}`,
        `[nas.lan]:2222 ssh-ed25519 ${hostKey(3)}`,
        `|1|${salt.toString('base64')}|${hashed} ssh-ed25519 ${hostKey(4)}`,
        '@cert-authority *.example ssh-rsa AAAA',
        '',
      ].join('\n'),
    )
    const flags = { 'host-key': at('known_hosts'), 'key-file': at('id') }
    const binding = await make({ ssh: 'backup@nas.lan', ...flags })
    expect(binding).toMatchObject({
      kind: 'ssh',
      user: 'backup',
      host: 'nas.lan',
      port: 22,
      hostKeys: [hostKey(1), hostKey(4)],
    })
    const { privateKey: kept } = binding as Extract<typeof binding, { kind: 'ssh' }>
    expect(kept.reveal()).toContain('BEGIN PRIVATE KEY')
    expect(await make({ ssh: 'backup@nas.lan:2222', ...flags })).toMatchObject({
      port: 2_222,
      hostKeys: [hostKey(3)],
    })
    await expect(make({ ssh: 'backup@none.lan', ...flags })).rejects.toThrowCode('ERR_BINDING_FORM')
  })

  it('takes a bare public key, and no key that is revoked', async () => {
    await put('host.pub', `ssh-ed25519 ${hostKey(7)} root@nas\n`)
    expect(await readHostKeys(at('host.pub'), { host: 'nas', port: 22 })).toEqual([hostKey(7)])
    await put('revoked', `@revoked nas ssh-ed25519 ${hostKey(7)}\nnas ssh-ed25519 ${hostKey(8)}\n`)
    const revoked = readHostKeys(at('revoked'), { host: 'nas', port: 22 })
    await expect(revoked).rejects.toThrowCode('ERR_BINDING_FORM')
  })

  it('with a locked key says which flag unlocks it', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const locked = privateKey.export({
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'open',
    })
    await put('locked', locked.toString())
    await put('passphrase', 'open\n')
    await put('wrong', 'shut\n')
    const flags = { ssh: 'a@nas', 'host-key': at('host.pub'), 'key-file': at('locked') }
    await expect(make(flags)).rejects.toThrow('--key-passphrase-file')
    const opened = { ...flags, 'key-passphrase-file': at('passphrase') }
    expect(await make(opened)).toMatchObject({ kind: 'ssh' })
    const wrong = make({ ...flags, 'key-passphrase-file': at('wrong') })
    await expect(wrong).rejects.toThrowCode('ERR_BINDING_FORM')
  })
})

describe('a secret file', () => {
  it('that others may read, that is empty or no text is not used', async () => {
    await put('open', 'secret')
    await chmod(at('open'), 0o644)
    await put('empty', '\n')
    await writeFile(at('bytes'), Buffer.from([0xff, 0xfe]), { mode: 0o600 })
    const read = (name: string) => make({ 'secret-file': at(name) })
    await expect(read('open')).rejects.toThrowCode('ERR_KEY_FILE_MODE')
    await expect(read('empty')).rejects.toThrowCode('ERR_BINDING_FORM')
    await expect(read('bytes')).rejects.toThrowCode('ERR_BINDING_FORM')
    await expect(read('none')).rejects.toThrowCode('ERR_KEY_FILE_MISSING')
  })
})

describe('a command line that is not right', () => {
  it.each<[string, BindingFlags]>([
    ['nothing', {}],
    ['two things', { connect: 'tcp://a:1', folder: '/srv' }],
    ['a flag of another kind', { folder: '/srv', ca: 'x' }],
    ['https without a pin', { url: 'https://a' }],
    ['two pins', { url: 'https://a', 'public-ca': true, fingerprint: 'ab'.repeat(32) }],
    ['no address', { url: 'pve1' }],
    ['two credentials', { unix: '/s', 'bearer-file': 'a', 'basic-file': 'b' }],
    ['a header without a file', { unix: '/s', 'header-file': ['X-Key'] }],
    ['a base without /', { unix: '/s', base: 'v1' }],
    ['ssh without a key', { ssh: 'a@b', 'host-key': 'x' }],
    ['ssh without a host key', { ssh: 'a@b', 'key-file': 'x' }],
  ])('is refused as such: %s', async (_, flags) => {
    await expect(make(flags)).rejects.toThrowCode('ERR_USAGE')
  })
})

describe('addresses', () => {
  it.each([
    ['tcp://10.0.0.5:1883', { host: '10.0.0.5', port: 1_883 }],
    ['tcp://[::1]:80', { host: '::1', port: 80 }],
    ['unix:/run/x.sock', { socketPath: '/run/x.sock' }],
  ])('%s is one', (text, address) => {
    expect(parseSocketAddress(text)).toEqual(address)
  })

  it.each(['tcp://a', 'a:1', 'tcp://a:1/x', 'tcp://a@b:1', 'unix:x', 'udp://a:1'])(
    '%s is none',
    (text) => {
      expect(() => parseSocketAddress(text)).toThrowCode('ERR_BINDING_FORM')
    },
  )

  it.each(['nas', '@nas', 'a@', 'a@b:c', 'a@b@c', 'a@b/c'])('%s is no SSH account', (text) => {
    expect(() => parseSshAddress(text)).toThrowCode('ERR_BINDING_FORM')
  })

  it.each(['ab'.repeat(31), 'zz'.repeat(32), 'sha1:ab'])('%s is no fingerprint', (text) => {
    expect(() => parseFingerprint(text)).toThrowCode('ERR_BINDING_FORM')
  })
})

describe('a Proxmox API token', () => {
  const url = 'https://pve1:8006/api2/json'
  const at64 = { url, fingerprint: 'ab'.repeat(32) }
  const tokenOf = async (flags: BindingFlags) =>
    ((await make({ ...at64, ...flags })) as { token?: unknown }).token

  it('of an account of its own is taken as one whose separation is unknown', async () => {
    const token = { isOfRoot: false, separated: 'unknown' }
    expect(await tokenOf({ 'pve-token-file': at('pve') })).toEqual(token)
    const said = { 'pve-token-file': at('pve'), 'pve-token-separated': 'yes' }
    expect(await tokenOf(said)).toEqual({ isOfRoot: false, separated: true })
    expect(await tokenOf({ 'bearer-file': at('token') })).toBeUndefined()
  })

  it.each<[string, () => BindingFlags]>([
    ['in its file', () => ({ 'pve-token-file': at('root') })],
    ['in its file, as a header', () => ({ 'pve-token-file': at('rootHeader') })],
    ['in a header', () => ({ 'header-file': [`Authorization=${at('rootHeader')}`] })],
  ])('of root@pam is refused unless that is accepted: %s', async (_, flags) => {
    await expect(tokenOf(flags())).rejects.toMatchObject({
      code: 'ERR_TOKEN_OF_ROOT',
      exit: 3,
      commands: ['sallyport proxmox setup'],
      remedy: expect.stringContaining('--accept-root-token'),
    })
    const accepted = { ...flags(), 'accept-root-token': true }
    expect(await tokenOf(accepted)).toEqual({ isOfRoot: true, separated: 'unknown' })
  })

  it('without rights of its own is refused unless that is accepted', async () => {
    const flags = { 'pve-token-file': at('pve'), 'pve-token-separated': 'no' }
    await expect(tokenOf(flags)).rejects.toMatchObject({ code: 'ERR_TOKEN_NOT_SEPARATED', exit: 3 })
    const accepted = { ...flags, 'accept-unseparated-token': true }
    expect(await tokenOf(accepted)).toEqual({ isOfRoot: false, separated: false })
    const root = { ...accepted, 'pve-token-file': at('root') }
    await expect(tokenOf(root)).rejects.toMatchObject({ code: 'ERR_TOKEN_OF_ROOT' })
  })

  it('says yes, no or unknown', async () => {
    const flags = { 'pve-token-file': at('pve'), 'pve-token-separated': 'maybe' }
    await expect(tokenOf(flags)).rejects.toMatchObject({ code: 'ERR_USAGE' })
  })
})
