// SPDX-License-Identifier: Apache-2.0
/** Who may read the answers of an agent. */

/** Keys of readers: X25519 public keys, base64url. Trust: by the agent's own trust root as it is now. */
export interface AnswerReaders {
  /** The operators, who read every answer, and the customers concerned by what it is about (`guest/101`). */
  of(about: readonly string[]): readonly string[]
  /** Everyone whom a document may name besides: the people of the site, and nobody else. */
  people(): readonly string[]
}
