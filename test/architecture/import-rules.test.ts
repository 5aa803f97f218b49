// SPDX-License-Identifier: Apache-2.0
/** The import rules hold for every file, and each of them bites. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { cruise, type Violation } from './cruise.ts'
import { makeFixtureTree } from './fixture-tree.ts'
import { repositoryRoot } from './tree.ts'

/** Rule → files that break it, with the text that does. */
const OFFENCES: Record<string, Record<string, string>> = {
  'no-cycles': {
    'hub/src/first.ts': `import './second.ts'`,
  },
  'no-orphans': { 'hub/src/lonely.ts': `export const lonely = 1` },
  'no-unresolved': { 'hub/src/lost.ts': `import '@sallyport/core/no-such-row'` },
  'no-undeclared-dependency': { 'hub/src/undeclared.ts': `import 'not-declared'` },
  'nothing-imports-tests': { 'hub/src/tested.ts': `import '../test/lawful.ts'` },
  'no-test-kit-in-product': { 'agent/src/faked.ts': `import '@sallyport/sdk/testing'` },
  'sdk-imports-nothing': {
    'sdk/src/reads.ts': `import 'node:fs'`,
    'sdk/src/checks.ts': `import type { vendor } from 'zod'\nexport type V = typeof vendor`,
  },
  'sdk-borrows-types-only': {
    'sdk/src/borrows.ts': `import { vendor } from '@standard-schema/spec'\nexport const v = vendor`,
  },
  'protocol-is-the-lowest-row': { 'core/src/protocol/up.ts': `import '../crypto/index.ts'` },
  'crypto-knows-protocol-only': { 'core/src/crypto/up.ts': `import '../audit/index.ts'` },
  'schedules-know-lower-rows-only': {
    'core/src/schedules/up.ts': `import '../admission/index.ts'`,
  },
  'admission-knows-lower-rows-only': { 'core/src/admission/up.ts': `import '../audit/index.ts'` },
  'audit-knows-lower-rows-only': { 'core/src/audit/up.ts': `import '../stores/index.ts'` },
  'pure-rows-have-no-effects': {
    'core/src/admission/reads.ts': `import 'node:fs'`,
    'core/src/protocol/dials.ts': `import 'net'`,
    'core/src/crypto/waits.ts': `import 'node:timers/promises'`,
  },
  'node-crypto-only-in-crypto': { 'core/src/audit/hashes.ts': `import 'node:crypto'` },
  'effect-rows-know-pure-rows-only': {
    'core/src/stores/aside.ts': `import '../transport/index.ts'`,
    'core/src/plugins/aside.ts': `import '../stores/index.ts'`,
  },
  'nothing-below-imports-the-runner': { 'core/src/stores/up.ts': `import '../runner/index.ts'` },
  'ports-are-types': {
    'core/src/stores/ports.ts': `import { port } from '../runner/ports.ts'\nexport const p = port`,
  },
  'policy-knows-what-it-answers': { 'core/src/policy/up.ts': `import '../stores/index.ts'` },
  'policy-only-where-it-is-asked': {
    'hub/src/decides.ts': `import '@sallyport/core/policy'`,
    'cli/src/decides.ts': `import '@sallyport/core/policy'`,
    'core/src/runner/decides.ts': `import '../policy/index.ts'`,
  },
  'wiring-is-the-top': { 'core/src/runner/up.ts': `import '../wiring/index.ts'` },
  'core-knows-no-program': { 'core/src/runner/hosts.ts': `import '../../../hub/src/index.ts'` },
  'container-only-in-wiring': {
    'core/src/runner/contains.ts': `import 'tsyringe'`,
    'agent/src/contains.ts': `import 'reflect-metadata'`,
    'plugins/sensors/src/contains.ts': `import 'tsyringe'`,
  },
  'jose-and-curves-only-in-crypto': {
    'core/src/admission/signs.ts': `import 'jose'`,
    'hub/src/signs.ts': `import type { vendor } from '@noble/curves'\nexport type V = typeof vendor`,
  },
  'zod-only-at-the-edges': {
    'core/src/runner/parses.ts': `import { vendor } from 'zod'\nexport const v = vendor`,
    'core/src/transport/parses.ts': `import { vendor } from 'zod'\nexport const v = vendor`,
  },
  'croner-only-in-schedules': { 'core/src/runner/waits.ts': `import 'croner'` },
  'cedar-only-in-policy': { 'core/src/policy/asks.ts': `import '@cedar-policy/cedar-wasm'` },
  'undici-only-where-http-is-spoken': { 'core/src/runner/dials.ts': `import 'undici'` },
  'json-schema-only-in-plugins': {
    'core/src/admission/schema.ts': `import '@cfworker/json-schema'`,
  },
  'plugins-see-only-the-sdk': {
    'plugins/sensors/src/core.ts': `import '@sallyport/core/crypto'`,
    'plugins/sensors/src/inside.ts': `import '../../../sdk/src/plugin.ts'`,
  },
  'plugins-use-four-node-modules': {
    'plugins/sensors/src/reads.ts': `import 'node:fs'`,
    'plugins/sensors/src/runs.ts': `import 'child_process'`,
  },
  'programs-never-import-plugins': {
    'agent/src/loads.ts': `import '@sallyport/plugin-sensors'`,
    'hub/src/loads.ts': `export const load = () => import('@sallyport/plugin-sensors')`,
  },
  'programs-use-public-core': {
    'agent/src/inside.ts': `import '../../core/src/admission/check-rate.ts'`,
  },
  'hub-and-agent-stand-alone': { 'hub/src/agent.ts': `import '@sallyport/agent'` },
  'cli-loads-programs-lazily': { 'cli/src/eager.ts': `import '@sallyport/hub'` },
  'cli-uses-public-entries': {
    'cli/src/inside.ts': `export const load = () => import('../../hub/src/lawful.ts')`,
  },
  'tests-keep-to-their-package': {
    'hub/test/inside.test.ts': `import '../../core/src/admission/check-rate.ts'`,
  },
  'system-tests-stay-outside': { 'test/e2e/inside.test.ts': `import '../../hub/src/lawful.ts'` },
}

/** Files that break no rule, though they come close to one. */
const LAWFUL: Record<string, string> = {
  'hub/test/lawful.ts': `import '../src/lawful.ts'`,
  'hub/src/lawful.ts': `import 'node:fs'`,
  'hub/src/first.ts': `import 'node:fs'`,
  'hub/src/second.ts': `import './first.ts'`,
  'sdk/src/plugin.ts': `import type { vendor } from '@standard-schema/spec'\nexport type V = typeof vendor`,
  'sdk/src/testing/kit.ts': `import '../plugin.ts'`,
  'core/src/admission/check-rate.ts': `import '../protocol/index.ts'\nimport '../crypto/index.ts'`,
  'core/src/schedules/turn.ts': `import 'croner'\nimport '../crypto/index.ts'`,
  'core/src/crypto/digest.ts': `import 'node:crypto'\nimport 'jose'`,
  'core/src/protocol/shapes.ts': `import 'zod'\nimport 'node:buffer'`,
  'core/src/transport/typed.ts': `import type { vendor } from 'zod'\nexport type V = typeof vendor`,
  'core/src/policy/cedar.ts': `import '@cedar-policy/cedar-wasm'\nimport '../admission/index.ts'`,
  'cli/src/policy/reads.ts': `import '@sallyport/core/policy'`,
  'agent/src/policy.ts': `import '@sallyport/core/policy'`,
  'core/src/runner/ports.ts': `export const port = 1`,
  'core/src/stores/adapter.ts': `import type { port } from '../runner/ports.ts'\nexport type P = typeof port`,
  'core/src/transport/contract.ts': `import 'zod'\nimport '../protocol/index.ts'`,
  'core/src/runner/joins.ts': `import '../stores/index.ts'\nimport '../plugins/index.ts'`,
  'core/src/wiring/token.ts': `import 'tsyringe'\nimport '../runner/index.ts'`,
  'agent/src/wiring.ts': `import '@sallyport/core/wiring'\nimport '@sallyport/core/runner'`,
  'cli/src/lazy.ts': `export const load = () => import('@sallyport/hub')`,
  'cli/src/typed.ts': `import type { entry } from '@sallyport/agent'\nexport type E = typeof entry`,
  'plugins/sensors/src/noun.ts': `import '@sallyport/sdk'\nimport 'zod'\nimport 'node:path'`,
  'plugins/sensors/test/noun.test.ts': `import '@sallyport/sdk/testing'\nimport '../src/noun.ts'\nimport 'node:fs'`,
  'test/e2e/lawful.test.ts': `import '@sallyport/core/crypto'\nimport '@sallyport/hub/main'`,
}

const sentence = ({ rule, from, to }: Violation): string => `${from} → ${to} breaks ${rule}`

describe('the import rules', () => {
  it('hold for every file of the repository', async () => {
    const { violations, fileCount } = await cruise(repositoryRoot)
    expect(violations.map(sentence)).toEqual([])
    expect(fileCount).toBeGreaterThan(50)
  }, 120_000)

  it('each say why they are there and where the code goes instead', async () => {
    const terse = (await allRules()).filter(({ comment }) => !/\. [A-Z].*\.$/.test(comment))
    expect(terse).toEqual([])
  })

  it('each have an offender below', async () => {
    const names = (await allRules()).map(({ name }) => name)
    expect(Object.keys(OFFENCES).sort()).toEqual(names.sort())
  })
})

describe('in a small repository', () => {
  const tree = makeFixtureTree()
  let lawful: readonly Violation[]
  let found: Set<string>

  beforeAll(async () => {
    for (const [path, text] of Object.entries(LAWFUL)) tree.write(path, `${text}\n`)
    lawful = (await cruise(tree.root)).violations
    for (const [path, text] of Object.values(OFFENCES).flatMap(Object.entries<string>)) {
      tree.write(path, `${text}\n`)
    }
    const { violations } = await cruise(tree.root)
    found = new Set(violations.map(({ rule, from }) => `${rule} in ${from}`))
  })

  afterAll(() => tree[Symbol.dispose]())

  it('lawful imports break no rule', () => {
    expect(lawful.map(sentence)).toEqual([])
  })

  const offences = Object.entries(OFFENCES).flatMap(([rule, files]) =>
    Object.keys(files).map((path) => ({ rule, path })),
  )

  it.each(offences)('$rule catches $path', ({ rule, path }) => {
    expect(found).toContain(`${rule} in ${path}`)
  })
})

async function allRules(): Promise<{ name: string; comment: string }[]> {
  const url = pathToFileURL(join(repositoryRoot, '.dependency-cruiser.mjs')).href
  const { default: config } = (await import(url)) as {
    default: { forbidden: { name: string; comment: string }[] }
  }
  return config.forbidden
}
