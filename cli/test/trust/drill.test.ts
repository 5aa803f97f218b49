// SPDX-License-Identifier: Apache-2.0
/** The drill of docs/operations.md by command line alone: a colleague comes, a laptop is lost, a key is revoked. */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { startInBackground } from '../support/background.ts'
import { documentOf, makeHome, run } from '../support/program.ts'
import type { Ended, TestHome } from '../support/program.ts'

const SLOW_MS = 240_000
const scope = new AsyncDisposableStack()
let url: string
let code: string
let siteFile: string

const homeOf = async (): Promise<TestHome> => scope.use(await makeHome())
const at = (home: TestHome, ...args: string[]): Promise<Ended> => {
  const env = url === undefined ? home.env : { ...home.env, SALLYPORT_HUB: url }
  return run([...args, '--json'], { env })
}
async function json(home: TestHome, ...args: string[]): Promise<Record<string, any>> {
  const ended = await at(home, ...args)
  expect({ ...ended, args }).toMatchObject({ exitCode: 0 })
  return documentOf(ended)
}

let ann: TestHome
let host: TestHome
beforeAll(async () => {
  ;[ann, host] = [await homeOf(), await homeOf()]
  code = (await json(ann, 'init', '--name', 'ann'))['recoveryCode']
  siteFile = join(host.folder, 'site.json')
  await copyFile(join(ann.folder, 'operator', 'site.json'), siteFile)
  const hub = scope.use(await startInBackground(['hub', 'start', '--port', '0'], ann.env))
  url = hub.started['url']!
  const { enrolLine } = await json(ann, 'agent', 'code', 'pve1')
  await json(host, ...(enrolLine as string).split(' ').slice(1))
  scope.use(await startInBackground(['agent', 'start'], { ...host.env, SALLYPORT_HUB: url }))
  await json(ann, 'agent', 'list')
}, SLOW_MS)
afterAll(() => scope.disposeAsync())

it(
  'a site outlives colleagues who come and go, and the loss of every key of a machine',
  async () => {
    const taken = { state: 'published', agents: [{ agent: { name: 'pve1' }, state: 'taken' }] }

    const ben = await homeOf()
    const { identity } = await json(ben, 'init', '--join', siteFile, '--name', 'ben', '--root')
    expect(documentOf(await at(ben, 'trust', 'show'))['error'].code).toBe('ERR_NOT_IN_SITE')
    const roles = ['--role', 'operator', '--role', 'root', '--yes']
    const added = await json(ann, 'trust', 'add', identity.line, ...roles)
    expect(added).toMatchObject({ ...taken, version: 2 })
    expect(await json(ben, 'trust', 'show')).toMatchObject({ version: 2 })

    const alone = await at(ann, 'trust', 'threshold', '--root', '3', '--yes')
    expect(documentOf(alone)['error'].code).toBe('ERR_ROOT_CHANGE')

    const anew = await homeOf()
    const typed = ['--site-file', siteFile, '--code', code, '--yes']
    const recovered = await json(anew, 'trust', 'recover', ...typed)
    expect(recovered).toMatchObject({ ...taken, version: 3, holder: 'ann' })
    expect(recovered['recoveryCode']).not.toBe(code)
    expect(documentOf(await at(await homeOf(), 'trust', 'recover', ...typed))['error'].code).toBe(
      'ERR_RECOVERY_CODE',
    )
    // The lost machine is nobody at the hub and at the agent.
    expect((await at(ann, 'agent', 'list')).exitCode).not.toBe(0)

    const revoked = await json(anew, 'incident', 'revoke-key', 'ben', '--yes')
    expect(revoked).toMatchObject({ ...taken, version: 4 })
    const rotated = await json(anew, 'incident', 'rotate', '--yes')
    expect(rotated).toMatchObject({ ...taken, version: 5 })
    const shown = await json(anew, 'trust', 'show')
    expect(shown).toMatchObject({ version: 5, agents: [{ name: 'pve1', version: 5 }] })
  },
  SLOW_MS,
)
