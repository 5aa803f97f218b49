// SPDX-License-Identifier: Apache-2.0
/** What a thief with the hub's database could try: changes the sealed bytes of a job that lies in it. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CodedError } from '@sallyport/sdk'

/** Changes one character in the middle of the sealed text of an envelope; returns how long the text is. */
export function alterEnvelope(hubFolder: string, envelopeId: string): number {
  using database = new DatabaseSync(join(hubFolder, 'hub.db'), { timeout: 5_000 })
  const row = database.prepare('SELECT sealed FROM envelopes WHERE envelope_id = ?').get(envelopeId)
  const sealed = String(row?.['sealed'] ?? '')
  const at = sealed.indexOf('"ciphertext":"') + '"ciphertext":"'.length + 40
  if (at < sealed.length / 100)
    throw new CodedError('ERR_ENVELOPE_UNKNOWN', 'the job is not in the database')
  const altered = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
  database.prepare('UPDATE envelopes SET sealed = ? WHERE envelope_id = ?').run(altered, envelopeId)
  return sealed.length
}
