// SPDX-License-Identifier: Apache-2.0
/** The drill of docs/operations.md by command line: a colleague comes, two must sign, a laptop is lost, keys are revoked. */
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openRoot, revealRoot, rootFingerprintOf } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { Secret } from '@sallyport/sdk'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { homeLayout } from '../../src/home.ts'
import { isPinned, readAgents } from '../../src/operator/agents.ts'
import { openOperator } from '../../src/operator/open-operator.ts'
import type { Operator } from '../../src/operator/operator.ts'
import { readNamedChain } from '../../src/operator/roots.ts'
import { readChain } from '../../src/operator/site.ts'
import { makeTalk } from '../../src/output/talk.ts'
import { publishToAgent } from '../../src/trust/publish-root.ts'
import { trustRecover } from '../../src/work/trust-recover.ts'
import { patient } from '../../../test/support/patience.ts'
import { startInBackground } from '../support/background.ts'
import type { Background } from '../support/background.ts'
import { documentOf, makeHome, run } from '../support/program.ts'
import type { Ended, TestHome } from '../support/program.ts'

const SLOW_MS = 240_000
const PASSPHRASE = new Secret('5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34')
const scope = new AsyncDisposableStack()
let url: string
let code: string
let siteFile: string
let hub: Background

const at = (home: TestHome, ...args: string[]): Promise<Ended> => {
  const env = url === undefined ? home.env : { ...home.env, SALLYPORT_HUB: url }
  return run([...args, '--json'], { env, cwd: home.folder })
}
async function json(home: TestHome, ...args: string[]): Promise<Record<string, any>> {
  const ended = await at(home, ...args)
  expect({ ...ended, args }).toMatchObject({ exitCode: 0 })
  return documentOf(ended)
}
async function startHub(port: string): Promise<void> {
  hub = await startInBackground(['hub', 'start', '--port', port], ann.env)
  url = hub.started['url']!
}
async function codeOf(home: TestHome, ...args: string[]): Promise<string> {
  return documentOf(await at(home, ...args))['error'].code as string
}

let ann: TestHome
let ben: TestHome
let anew: TestHome
let host: TestHome
beforeAll(async () => {
  const homes = await Promise.all([makeHome(), makeHome(), makeHome(), makeHome()])
  for (const home of homes) scope.use(home)
  ;[ann, ben, anew, host] = homes
  code = (await json(ann, 'init', '--name', 'ann'))['recoveryCode']
  siteFile = join(host.folder, 'site.json')
  await copyFile(join(ann.folder, 'operator', 'site.json'), siteFile)
  await startHub('0')
  scope.defer(() => hub[Symbol.asyncDispose]())
  const { enrolLine } = await json(ann, 'agent', 'code', 'pve1')
  await json(host, ...(enrolLine as string).split(' ').slice(1))
  scope.use(await startInBackground(['agent', 'start'], { ...host.env, SALLYPORT_HUB: url }))
}, SLOW_MS)
afterAll(() => scope.disposeAsync())

const taken = { state: 'published', agents: [{ agent: { name: 'pve1' }, state: 'taken' }] }
const signedAnew = { state: 'stands', signed: 'anew' }

/** Hands a root straight to the hub and to the agent, as a program could that does not count. */
async function expectRefused(operator: Operator, file: string): Promise<void> {
  const proposed = openRoot(await readFile(file))
  const { version } = proposed.root
  const sent = operator.hub.publishTrustRoot(version, encodeBase64url(proposed.envelope))
  await expect(sent).rejects.toMatchObject({
    message: expect.stringMatching('too few of its holders'),
  })
  const agent = (await readAgents(operator.home)).find(isPinned)!
  const { nameKey } = operator.site.root
  const chain = [...(await readNamedChain(operator)), revealRoot(proposed, nameKey)]
  const brought = publishToAgent(operator, agent, { chain, untilMs: Date.now() + patient(20_000) })
  await expect(brought).rejects.toThrowCode('signatures_missing')
}

it(
  'two holders sign what the site asks two for, and neither hub nor agent takes less',
  async () => {
    const { identity } = await json(ben, 'init', '--join', siteFile, '--name', 'ben', '--root')
    const roles = ['--role', 'operator', '--role', 'root', '--yes']
    const added = await json(ann, 'trust', 'add', identity.line, ...roles)
    expect(added).toMatchObject({ ...taken, version: 2, policy: { state: 'stands', signed: null } })
    const proposed = await json(ann, 'trust', 'threshold', '--root', '2', '--yes')
    expect(proposed).toMatchObject({ state: 'proposed', version: 3, signedBy: ['ann'], need: 1 })
    const { file } = proposed as { file: string }
    const passphrase = async (): Promise<Secret> => PASSPHRASE
    const home = homeLayout(ann.folder)
    await using operator = await openOperator({ home, hub: url, passphrase })
    await expectRefused(operator, file)
    const signed = await json(ben, 'trust', 'sign', file, '--yes')
    expect(signed).toMatchObject({ ...taken, version: 3, policy: { state: 'proposed', need: 2 } })
    expect(await codeOf(ben, 'agent', 'code', 'pve9')).toBe('ERR_NO_POLICY')
    expect(await json(ben, 'policy', 'sign', '--yes')).toMatchObject(taken)

    const back = await json(ann, 'trust', 'threshold', '--root', '1', '--yes')
    expect(back).toMatchObject({ state: 'proposed', version: 4, signedBy: ['ann'], need: 2 })
    expect(await json(ben, 'trust', 'sign', back['file'], '--yes')).toMatchObject(taken)
  },
  SLOW_MS,
)

it(
  'a site outlives the loss of every key of a machine, and of the hub in the middle of its recovery',
  async () => {
    const home = homeLayout(anew.folder)
    const request = {
      ...{ code, siteFile, hub: url, manner: { isAgreed: true, timeoutMs: 1_000 } },
      passphrase: async () => {
        await hub[Symbol.asyncDispose]()
        return PASSPHRASE
      },
    }
    const talk = makeTalk({ isJson: true, isQuiet: true, isColoured: false })
    await expect(trustRecover(home, talk, request)).rejects.toThrowCode('ERR_HUB_UNREACHABLE')
    const made = await readFile(home.operator.keys)
    await startHub(new URL(url).port)
    const typed = ['--site-file', siteFile, '--code', code, '--yes']
    const recovered = await json(anew, 'trust', 'recover', ...typed)
    expect(recovered).toMatchObject({
      ...taken,
      version: 5,
      holder: 'ann',
      policy: { state: 'stands' },
    })
    expect(recovered['recoveryCode']).not.toBe(code)
    expect(await readFile(home.operator.keys)).toEqual(made)
    expect(await codeOf(anew, 'trust', 'recover', ...typed)).toBe('ERR_OPERATOR_EXISTS')
    // The lost machine is nobody at the hub, and its code is worth nothing.
    expect((await at(ann, 'agent', 'list')).exitCode).not.toBe(0)
    const again = trustRecover(homeLayout(join(host.folder, 'again')), talk, request)
    await expect(again).rejects.toThrowCode('ERR_RECOVERY_CODE')
  },
  SLOW_MS,
)

it(
  'keys in doubt go at once, and new agents still come in',
  async () => {
    const revoked = await json(anew, 'incident', 'revoke-key', 'ben', '--yes')
    // Nobody who signed the policy is left: ann's keys of then are gone, and now ben's.
    expect(revoked).toMatchObject({ ...taken, version: 6, policy: signedAnew })
    const rotated = await json(anew, 'incident', 'rotate', '--yes')
    expect(rotated).toMatchObject({ ...taken, version: 7, policy: signedAnew })
    const renewed = await json(anew, 'trust', 'renew', '--days', '900', '--yes')
    expect(renewed).toMatchObject({ ...taken, version: 8, policy: { signed: null } })
    const { enrolLine } = await json(anew, 'agent', 'code', 'pve2')
    const enrol = (enrolLine as string).split(' ').slice(1)
    await json(anew, ...enrol)
    const shown = await json(anew, 'trust', 'show')
    expect(shown).toMatchObject({ version: 8, agents: [{ name: 'pve1', version: 8 }, {}] })
    const [first] = await readChain(homeLayout(anew.folder))
    expect(shown['firstFingerprint']).toBe(rootFingerprintOf(first!.envelope))
  },
  SLOW_MS,
)
