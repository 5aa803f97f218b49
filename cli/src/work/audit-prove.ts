// SPDX-License-Identifier: Apache-2.0
/** Writes the proof of one job. */
import { writeFile } from 'node:fs/promises'
import { makeProof } from '../audit/make-proof.ts'
import { readCopy } from '../audit/read-copy.ts'
import { isPinned, readAgents } from '../operator/agents.ts'
import { findEnvelope } from '../operator/find-job.ts'
import type { Operator } from '../operator/operator.ts'
import { learnAgents } from '../operator/roster.ts'
import { EXIT } from '../output/exit-codes.ts'
import { fileExists } from '../output/file-exists.ts'
import { Problem } from '../output/problem.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { counted, short } from '../output/words.ts'

/** Makes the proof and writes it. Throws: ERR_PROOF, ERR_JOB_UNKNOWN, ERR_FILE_EXISTS. */
export async function auditProve(
  operator: Operator,
  talk: Talk,
  asked: { readonly typed: string; readonly out?: string | undefined },
): Promise<void> {
  const { view, made } = await waiting(talk, 'reading the log', async () => {
    const found = await findEnvelope(operator, asked.typed)
    const copy = await readCopy(operator, await agentOf(operator, found.agentId))
    return { view: found, made: await makeProof(operator, found, copy) }
  })
  const file = asked.out ?? `proof-${view.envelopeId.slice(0, 8)}.json`
  const { proof, fingerprint, entryCount } = made
  await write(file, `${JSON.stringify(proof)}\n`)
  const line = `node sallyport-verify.mjs ${file} --root ${fingerprint}`
  const document = {
    format: 'sallyport.audit-prove/1',
    jobId: view.envelopeId,
    file,
    rootFingerprint: fingerprint,
    entryCount,
    verifyLine: line,
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('written')} ${file}`,
      pairs([
        ['job', short(view.envelopeId)],
        [
          'holds',
          `${counted(entryCount, 'entry', 'entries')} of the log, the signed job and its answer`,
        ],
        ['root', `${fingerprint}; tell it to the other person yourself, not with the file`],
      ]),
      'They verify it with Node alone:',
      `  ${line}`,
    ].join('\n'),
  )
}

async function agentOf(operator: Operator, agentId: string) {
  await learnAgents(operator)
  const record = (await readAgents(operator.home)).find((each) => each.agentId === agentId)
  if (record !== undefined && isPinned(record)) return record
  throw new Problem('ERR_AGENT_UNKNOWN', 'the keys of its agent are not known on this machine', {
    exit: EXIT.refused,
    unharmed: 'Nothing was written.',
    remedy: 'See the agents:',
    commands: ['sallyport agent list'],
  })
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o644 })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? fileExists(file) : error
  }
}
