// SPDX-License-Identifier: Apache-2.0
/** Holds a policy file against the plugins, people and agents of the site. */
import type { Home } from '../home.ts'
import { readSite } from '../operator/site.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Talk } from '../output/talk.ts'
import { counted } from '../output/words.ts'
import { problemLines, readPolicyFile } from '../policy/policy-file.ts'
import { problemsOnAgents, readPolicySite } from '../policy/world.ts'

/** Shows every problem; refused when one is an error. */
export async function policyCheck(
  home: Home,
  talk: Talk,
  request: { readonly file: string; readonly manifests: readonly string[] },
): Promise<ExitCode> {
  const { root } = (await readSite(home)).root
  const site = await readPolicySite(home, root, request.manifests)
  const policy = await readPolicyFile(request.file)
  const problems = problemsOnAgents(policy.text, site)
  const errorCount = problems.filter(({ kind }) => kind === 'error').length
  const { file } = policy
  const isFit = errorCount === 0
  talk.answer({ format: 'sallyport.policy-check/1', file, isFit, problems }, () => {
    const warnings = counted(problems.length - errorCount, 'warning')
    const end = isFit
      ? `${talk.paint.good('fit')} ${file}, ${warnings}`
      : `${talk.paint.bad('unfit')} ${file}, ${counted(errorCount, 'error')}, ${warnings}`
    return [problemLines(policy, problems, talk.paint), end]
      .filter((each) => each !== '')
      .join('\n')
  })
  return isFit ? EXIT.done : EXIT.refused
}
