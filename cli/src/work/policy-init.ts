// SPDX-License-Identifier: Apache-2.0
/** Writes a template of a policy to a file, to be read, changed and published. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { readPolicyTemplate } from '../policy/template.ts'
import type { PolicyTemplate } from '../policy/template.ts'

/** Writes it; never over a file. Throws: ERR_POLICY_EXISTS. */
export async function policyInit(
  talk: Talk,
  { template, out }: { template: PolicyTemplate; out: string },
): Promise<void> {
  const file = resolve(out)
  const text = await readPolicyTemplate(template)
  await writeFile(file, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EEXIST' ? isThere(out) : error
  })
  talk.answer({ format: 'sallyport.policy-init/1', template, file }, () =>
    [
      `${talk.paint.good('written')} ${out}, from the template ${template}`,
      'Read it, put your names in, then:',
      `  sallyport policy check ${out}`,
      `  sallyport policy publish ${out}`,
    ].join('\n'),
  )
}

function isThere(out: string): Problem {
  return new Problem('ERR_POLICY_EXISTS', `there is a file ${out} already`, {
    exit: EXIT.refused,
    unharmed: 'It was not touched.',
    remedy: 'Name another one: --out <file>.',
  })
}
