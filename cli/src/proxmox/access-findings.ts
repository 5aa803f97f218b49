// SPDX-License-Identifier: Apache-2.0
/** What an agent's token on Proxmox VE may and may not, as findings; "no right to see" is never told as "nothing there". */
import { z } from 'zod'
import { failed, ok, warning, type Finding } from '../doctor/finding.ts'
import { counted } from '../output/words.ts'

/** The output of `proxmox/access.check`, as far as it is used. */
export const AccessCheck = z.object({
  jobs: z.array(
    z.object({
      job: z.string(),
      state: z.enum(['ready', 'in places', 'lacking']),
      missing: z.array(
        z.object({
          anyOf: z.array(z.string()),
          at: z.array(z.string()),
          reach: z.enum(['somewhere', 'nowhere']),
        }),
      ),
    }),
  ),
  excess: z.array(z.object({ path: z.string(), privilege: z.string(), why: z.string() })),
  isSeparated: z.boolean(),
  sees: z.enum(['something', 'nothing granted']),
})
export type AccessCheck = z.infer<typeof AccessCheck>

const SETUP = 'sallyport proxmox setup'

/** The findings, the good ones first. */
export function accessFindings({ jobs, excess, isSeparated, sees }: AccessCheck): Finding[] {
  if (sees === 'nothing granted') return [nothingGranted()]
  const ready = jobs.filter(({ state }) => state === 'ready')
  return [
    ...(ready.length > 0
      ? [ok('rights', `${counted(ready.length, 'job type')} may do all they do`)]
      : []),
    isSeparated ? ok('token', 'the token has rights of its own') : unseparated(),
    ...jobs.flatMap(lacking),
    ...needless(excess),
  ]
}

function nothingGranted(): Finding {
  return failed(
    'rights',
    'nothing is granted to the token: what it lists is empty because it may not see, not because nothing is there',
    { code: 'nothing_granted', remedy: SETUP },
  )
}

function unseparated(): Finding {
  return failed('token', 'the token may do what only its owner should', {
    code: 'token_not_separated',
    remedy: `${SETUP} --replace-token`,
  })
}

function lacking({ job, state, missing }: AccessCheck['jobs'][number]): Finding[] {
  if (state === 'ready') return []
  const rights = missing.map(({ anyOf, at }) => `${anyOf.join(' or ')} at ${at.join(' or ')}`)
  const text = `${job} lacks ${rights.join(', ')}`
  if (state === 'in places')
    return [warning('rights', `${text} in places`, `give it there, or leave it: ${SETUP}`)]
  return [failed('rights', text, { code: 'right_missing', remedy: SETUP })]
}

/** Why one line: what is too much is mended at once, by giving the roles anew. */
function needless(excess: AccessCheck['excess']): Finding[] {
  if (excess.length === 0) return []
  const shown = excess.slice(0, 6).map(({ privilege, path }) => `${privilege} at ${path}`)
  const more = excess.length > shown.length ? ` and ${excess.length - shown.length} more` : ''
  return [warning('rights', `no approved job type needs ${shown.join(', ')}${more}`, SETUP)]
}
