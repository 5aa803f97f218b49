// SPDX-License-Identifier: Apache-2.0
/** Builds a bundle and says what is in it. */
import { relative as relativePath } from 'node:path'
import { buildPlugin } from '../bundle/build-plugin.ts'
import type { BuildRequest } from '../bundle/build-plugin.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { size } from '../output/words.ts'

/** Builds and prints file, digest and content. */
export async function pluginBuild(talk: Talk, request: BuildRequest): Promise<void> {
  const built = await waiting(talk, 'building', () => buildPlugin(request))
  const { manifest, file, digest, sizeBytes, packages } = built
  const document = {
    format: 'sallyport.plugin-build/1',
    plugin: { name: manifest.name, version: manifest.version, digest },
    file,
    sizeBytes,
    packages,
    jobs: Object.keys(manifest.jobs),
  }
  const near = relativePath(process.cwd(), file)
  const shown = near.startsWith('..') ? file : near
  talk.answer(document, () =>
    [
      `${talk.paint.good('built')} ${manifest.name} ${manifest.version}`,
      pairs([
        ['file', `${shown} (${size(sizeBytes)})`],
        ['digest', digest],
        ['jobs', Object.keys(manifest.jobs).join(', ')],
        ['inside', packages.join(', ')],
      ]),
      `  sallyport plugin sign ${shown}`,
    ].join('\n'),
  )
}
