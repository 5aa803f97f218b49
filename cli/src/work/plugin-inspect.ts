// SPDX-License-Identifier: Apache-2.0
/** Shows what is in a bundle and who answers for it, without running any of it. */
import { approvedJobsOf } from '@sallyport/core/protocol'
import { readBundle } from '../bundle/read-bundle.ts'
import type { ReadBundle } from '../bundle/read-bundle.ts'
import type { Home } from '../home.ts'
import { bindingLines, neededBindings } from '../output/binding-words.ts'
import type { NeededBinding } from '../output/binding-words.ts'
import type { Paint } from '../output/paint.ts'
import { permissionScreen, permissionsJson } from '../output/permission-words.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { relative, size } from '../output/words.ts'
import { lookUp, publisherJson, publisherText } from '../publisher/known.ts'
import type { KnownPublisher } from '../publisher/known.ts'
import { publicationState, readPublication } from '../publisher/publication.ts'
import type { PublicationState, ReadPublication } from '../publisher/publication.ts'

interface Signed {
  readonly read: ReadPublication
  readonly publisher: KnownPublisher
  readonly state: PublicationState
}

/** Shows the bundle. Throws: ERR_BUNDLE_FORM, and ERR_PUBLICATION when the signature beside it does not hold. */
export async function pluginInspect(home: Home, talk: Talk, file: string): Promise<void> {
  const bundle = await readBundle(file)
  const nowMs = Date.now()
  const signed = await signedBy(home, bundle, nowMs)
  const { manifest } = bundle
  const approvable = { manifest, jobs: approvedJobsOf(manifest) }
  const needed = neededBindings(manifest.name, approvable.jobs)
  const document = {
    ...bundleJson(bundle),
    publisher: signed === undefined ? null : publisherJson(signed.publisher),
    publication: signed === undefined ? null : publicationJson(signed),
    permissions: permissionsJson(approvable),
    bindings: needed,
  }
  talk.answer(document, () => {
    const { paint } = talk
    return [
      `${paint.strong(`${manifest.name} ${manifest.version}`)}: ${safeText(manifest.summary)}`,
      pairs([...bundleRows(bundle), ...publicationRows(signed, nowMs, paint)]),
      permissionScreen(approvable, undefined, paint),
      ...nextLines(file, signed, needed),
    ].join('\n')
  })
}

async function signedBy(
  home: Home,
  bundle: ReadBundle,
  nowMs: number,
): Promise<Signed | undefined> {
  const read = await readPublication(bundle)
  if (read === undefined) return undefined
  const publisher = await lookUp(home, read.publication.publisher)
  return { read, publisher, state: publicationState(read.publication, nowMs) }
}

function bundleJson({ manifest, digest, bytes, file, parts }: ReadBundle): object {
  return {
    format: 'sallyport.plugin-inspect/1',
    plugin: { name: manifest.name, version: manifest.version, digest },
    summary: manifest.summary,
    file,
    sizeBytes: bytes.length,
    parts: Object.entries(parts).map(([name, { text, digest: partDigest }]) => ({
      name,
      sizeBytes: Buffer.byteLength(text),
      digest: partDigest,
    })),
    packages: packagesIn(parts),
    jobs: Object.entries(manifest.jobs).map(([name, job]) => {
      const { effect, summary, limits, resources, hasPlan, hasResume, hasVerify } = job
      return { name, effect, summary, limits, resources, hasPlan, hasResume, hasVerify }
    }),
  }
}

function bundleRows({ digest, bytes, parts }: ReadBundle): [string, string][] {
  const sizes = Object.entries(parts).map(
    ([name, { text }]) => `${safeText(name)} (${size(Buffer.byteLength(text))})`,
  )
  const packages = packagesIn(parts)
  return [
    ['digest', digest],
    ['size', size(bytes.length)],
    ['parts', sizes.join(', ')],
    ['inside', packages.length === 0 ? 'no package is named' : packages.map(safeText).join(', ')],
  ]
}

function publicationJson({ read: { publication, file }, state }: Signed): object {
  const { publicationId, issuedAt, expiresAt } = publication
  return { publicationId, issuedAt, expiresAt, state, file }
}

function publicationRows(
  signed: Signed | undefined,
  nowMs: number,
  paint: Paint,
): [string, string][] {
  if (signed === undefined)
    return [['publisher', paint.warn('unsigned: no publisher answers for it')]]
  const { publisher, state, read } = signed
  const { issuedAt, expiresAt } = read.publication
  const window = `${relative(Date.parse(issuedAt), nowMs)}, ends ${relative(Date.parse(expiresAt), nowMs)} (${expiresAt.slice(0, 10)})`
  const text = publisherText(publisher)
  return [
    ['publisher', publisher.isKnown ? paint.good(text) : paint.warn(text)],
    ['signed', state === 'valid' ? window : paint.bad(`${state}: ${window}`)],
  ]
}

function nextLines(
  file: string,
  signed: Signed | undefined,
  needed: readonly NeededBinding[],
): string[] {
  const next =
    signed === undefined ? `plugin sign ${file}` : `plugin approve ${file} --agent <name>`
  return [...bindingLines(needed), `  sallyport ${safeText(next)}`]
}

const MAX_PACKAGES = 200

/** What the licence texts say is inside: each package begins with a line of its name, version and licence. */
function packagesIn(parts: ReadBundle['parts']): string[] {
  const sections = parts['licenses.txt']?.text.split(/^-{78}$/m) ?? []
  const heads = sections.map((section) =>
    /^(\S+ \S+): (.*)$/.exec(section.trimStart().split('\n')[0]!),
  )
  const named = heads.flatMap((head) => (head === null ? [] : `${head[1]} (${head[2]})`))
  return named.slice(0, MAX_PACKAGES)
}
