// SPDX-License-Identifier: Apache-2.0
/** Makes the account that an agent uses on Proxmox VE: the least rights its approved jobs need, shown before anything is done. */
import { resolve } from 'node:path'
import { CodedError, Secret } from '@sallyport/sdk'
import { z } from 'zod'
import { usage } from '../bindings/usage.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import {
  changesBetween,
  findAccounts,
  type Change,
  type WantedAccount,
} from '../proxmox/account.ts'
import type { PveInterface } from '../proxmox/interface.ts'
import { JOB_NAMES, JOB_RIGHTS } from '../proxmox/privileges.ts'
import { rolesFor, type Extent } from '../proxmox/rights.ts'
import { setupScreen } from '../proxmox/setup-screen.ts'
import { expectEnrolled } from './agent-enrol.ts'
import { nodeOf, type NodeRequest, type SetupNode } from './proxmox-node.ts'

const PLUGIN = 'proxmox'
const BINDING = 'pve'

/** What was asked for on the command line. */
export interface SetupRequest extends NodeRequest {
  readonly stateDir: string
  readonly passphraseFile?: string | undefined
  readonly account: string
  readonly tokenId?: string | undefined
  /** Job types without the name of the plugin; those that the agent has approved unless given. */
  readonly jobs: readonly string[]
  readonly extent: Extent
  readonly isSeparated: boolean
  readonly isReplacing: boolean
  readonly accepts: { readonly rootToken: boolean; readonly unseparatedToken: boolean }
}

/** Makes or mends the account, and binds its token in the agent's vault. */
export async function proxmoxSetup(talk: Talk, request: SetupRequest): Promise<void> {
  expectFitToken(request)
  const stateDir = resolve(request.stateDir)
  const tokenId = request.tokenId ?? (await agentNameIn(stateDir))
  const over = new AbortController()
  try {
    const node = await nodeOf(talk, request, over.signal)
    const wanted = await wantedAccount({ ...request, stateDir, tokenId })
    const found = await waiting(talk, 'looking at the accounts', () =>
      findAccounts(node.pve, wanted),
    )
    expectSeparated(found.token, request)
    const changes = changesBetween(found, wanted, request)
    const shown = setupScreen(wanted, changes, talk.aside)
    if (changes.length > 0) {
      const question = `Do this on the cluster, as ${request.url === undefined ? 'root of this node' : request.login.account}?`
      await confirmOrStop(talk, { shown, question, isAgreed: request.isAgreed })
    }
    const token = await waiting(talk, 'making the account', () => carryOut(node.pve, changes))
    if (token !== undefined) await bindToken(request, node, token)
    const isHeld = token !== undefined || (await isBoundAlready(request))
    report(talk, { wanted, changes, isBound: token !== undefined, isHeld })
  } finally {
    over.abort(new CodedError('ERR_RUN_OVER', 'the setup is over'))
  }
}

async function agentNameIn(stateDir: string): Promise<string> {
  await expectEnrolled(stateDir)
  const { readAgentFile, verifyEnrolment } = await import('@sallyport/agent')
  const { decodeBase64url } = await import('@sallyport/core/protocol')
  const file = readAgentFile(stateDir)
  return verifyEnrolment(decodeBase64url(file.enrolment), file.rootFingerprint).enrolment.agentName
}

/** Trust case F03: a token that may do all that root may is not what an agent should hold. */
function expectFitToken({ account, isSeparated, accepts }: SetupRequest): void {
  if (account === 'root@pam' && !accepts.rootToken) {
    throw refused('ERR_TOKEN_OF_ROOT', 'a token of root@pam may do everything on every node', {
      flag: '--accept-root-token',
    })
  }
  if (!isSeparated && !accepts.unseparatedToken) throw unseparated(account)
}

function expectSeparated(
  token: { readonly isSeparated: boolean } | undefined,
  { account, isReplacing, accepts }: SetupRequest,
): void {
  if (token === undefined || token.isSeparated || isReplacing || accepts.unseparatedToken) return
  throw unseparated(account)
}

function unseparated(account: string): Problem {
  return refused(
    'ERR_TOKEN_NOT_SEPARATED',
    `the token has all rights of ${account}, whatever its own say`,
    { flag: '--accept-unseparated-token' },
    ['sallyport proxmox setup --replace-token'],
  )
}

function refused(
  code: string,
  message: string,
  details: { readonly flag: string },
  commands: readonly string[] = [],
): Problem {
  return new Problem(code, message, {
    exit: EXIT.refused,
    unharmed: 'Nothing was made or changed.',
    remedy: `Let it make a token with rights of its own; ${details.flag} if this is meant.`,
    commands,
  })
}

async function wantedAccount(
  request: SetupRequest & { readonly tokenId: string },
): Promise<WantedAccount> {
  const { account, tokenId, isSeparated, extent } = request
  if (!/^[^\s:/@!]+@[A-Za-z][A-Za-z0-9.\-_]+$/.test(account)) {
    throw usage(`${account} is not account@realm`)
  }
  if (!/^[A-Za-z][A-Za-z0-9.\-_]+$/.test(tokenId)) throw usage(`${tokenId} is no name of a token`)
  const jobs = await jobsOf(request)
  const roles = rolesFor(jobs, JOB_RIGHTS, { tokenId, extent })
  return { account, tokenId, isSeparated, roles }
}

/** Why only what was approved: an agent needs no right for a job it would refuse. */
async function jobsOf({ jobs, stateDir }: SetupRequest): Promise<readonly string[]> {
  const foreign = jobs.find((job) => !JOB_NAMES.includes(job))
  if (foreign !== undefined)
    throw usage(`the plugin has no job type ${foreign}: ${JOB_NAMES.join(', ')}`)
  if (jobs.length > 0) return jobs
  const { readAgentPlugins } = await import('@sallyport/agent')
  const held = readAgentPlugins(stateDir).find(
    ({ plugin, standing }) => plugin === PLUGIN && standing.state === 'approved',
  )
  if (held?.approved != null) return held.approved.jobs
  throw new Problem('ERR_NOTHING_APPROVED', 'this agent holds no approved proxmox plugin', {
    exit: EXIT.refused,
    unharmed: 'Nothing was made or changed.',
    remedy: 'Approve it first, or name the job types:',
    commands: ['sallyport proxmox setup --job guest.list --job guest.start'],
  })
}

const NewToken = z.object({ 'full-tokenid': z.string(), value: z.string() })

/** Makes the calls in their order; returns the new token as the header wants it. */
async function carryOut(
  pve: PveInterface,
  changes: readonly Change[],
): Promise<Secret | undefined> {
  let token: Secret | undefined
  for (const { method, path, params, yieldsToken } of changes) {
    const answer = await pve.call(method, path, params)
    if (yieldsToken !== true) continue
    const made = NewToken.parse(answer)
    token = new Secret(`PVEAPIToken=${made['full-tokenid']}=${made.value}`)
  }
  return token
}

async function bindToken(request: SetupRequest, node: SetupNode, token: Secret): Promise<void> {
  const { bindName } = await import('@sallyport/agent')
  const place = { stateDir: resolve(request.stateDir), passphraseFile: request.passphraseFile }
  const { url, pin } = node
  await bindName(
    place,
    { plugin: PLUGIN, name: BINDING },
    {
      kind: 'endpoint',
      ...{
        url,
        pin,
        token: { isOfRoot: request.account === 'root@pam', separated: request.isSeparated },
      },
      headers: { Authorization: token },
    },
  )
}

/** Why asked: nobody shows the secret of a token again, so one that an earlier agent got is of no use to this one. */
async function isBoundAlready({ stateDir, passphraseFile }: SetupRequest): Promise<boolean> {
  const { listBindings } = await import('@sallyport/agent')
  const bindings = listBindings({ stateDir: resolve(stateDir), passphraseFile })
  return bindings.some(({ plugin, name }) => plugin === PLUGIN && name === BINDING)
}

function report(
  talk: Talk,
  done: {
    readonly wanted: WantedAccount
    readonly changes: readonly Change[]
    readonly isBound: boolean
    readonly isHeld: boolean
  },
): void {
  const { wanted, changes, isBound } = done
  const { account, tokenId, roles, isSeparated } = wanted
  const token = `${account}!${tokenId}`
  const document = {
    format: 'sallyport.proxmox-setup/1',
    ...{ account, token, isSeparated, roles, isBound },
    changes: changes.map(({ words }) => words),
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good(changes.length === 0 ? 'unchanged' : 'set up')} ${token}`,
      pairs([
        ['rights', roles.map(({ id }) => id).join(', ')],
        ['bound', boundWords(done)],
      ]),
      'See what it may and may not:\n  sallyport proxmox doctor --agent <name>',
    ].join('\n'),
  )
}

function boundWords({ isBound, isHeld }: { isBound: boolean; isHeld: boolean }): string {
  if (isBound) return `${PLUGIN} ${BINDING}; the secret is in the vault of the agent`
  if (isHeld) return 'as before'
  return 'nothing: the token is there, and this agent does not have it; add --replace-token'
}
