// SPDX-License-Identifier: Apache-2.0
/**
 * Writes the test vectors in `docs/vectors/` that are not there yet. A vector is never edited, only added: what exists
 * is left as it is, and the tool says so and fails. Run: `node tools/run.cjs tools/write-vectors.ts [folder]`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { repositoryRoot } from './generated.ts'
import { dpopVectors } from './vector-cases/dpop.ts'
import { enrolmentCodeVectors } from './vector-cases/enrolment-code.ts'
import { envelopeVectors } from './vector-cases/envelope.ts'
import { keyIdVectors } from './vector-cases/key-id.ts'
import { paeVectors } from './vector-cases/pae.ts'
import { publicationVectors } from './vector-cases/publication.ts'
import { sealedVectors } from './vector-cases/sealed.ts'
import { strictJsonVectors } from './vector-cases/strict-json.ts'
import { trustRootVectors } from './vector-cases/trust-root.ts'

const VECTORS: Readonly<Record<string, () => object | Promise<object>>> = {
  'pae.json': paeVectors,
  'envelope.json': envelopeVectors,
  'strict-json.json': strictJsonVectors,
  'sealed.json': sealedVectors,
  'enrolment-code-2.json': enrolmentCodeVectors,
  'dpop.json': dpopVectors,
  'key-id.json': keyIdVectors,
  'publication.json': publicationVectors,
  'trust-root-2.json': trustRootVectors,
}

const folder = resolve(process.argv[2] ?? join(repositoryRoot, 'docs/vectors'))
mkdirSync(folder, { recursive: true })
for (const [name, make] of Object.entries(VECTORS)) await add(join(folder, name), make)

async function add(path: string, make: () => object | Promise<object>): Promise<void> {
  const text = `${JSON.stringify(await make(), null, 2)}\n`
  try {
    writeFileSync(path, text, { flag: 'wx' })
    console.log(`written: ${path}`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    console.error(`left as it is, a vector is never edited: ${path}`)
    process.exitCode = 1
  }
}
