// SPDX-License-Identifier: Apache-2.0
/** Makes a plugin's folder and says what to do in it. */
import { relative as relativePath } from 'node:path'
import { makePluginFolder } from '../authoring/new-plugin.ts'
import type { NewPluginRequest } from '../authoring/new-plugin.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** Makes it and prints the next steps. */
export async function pluginNew(talk: Talk, request: NewPluginRequest): Promise<void> {
  const made = await waiting(talk, 'making the folder', () => makePluginFolder(request))
  const near = relativePath(process.cwd(), made.folder)
  const shown = near.startsWith('..') ? made.folder : near
  talk.answer({ format: 'sallyport.plugin-new/1', ...made }, () =>
    [
      `${talk.paint.good('made')} ${shown}`,
      pairs([
        ['src/index.ts', 'start here'],
        ['npm install', 'brings the SDK and what it is checked with'],
        ['npm test', 'its contract and its first job; they pass already'],
        ['sallyport plugin dev', 'runs it in the real sandbox whenever you save'],
        ['sallyport plugin build', 'makes the bundle that is signed and approved'],
      ]),
    ].join('\n'),
  )
}
