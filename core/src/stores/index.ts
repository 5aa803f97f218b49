// SPDX-License-Identifier: Apache-2.0
/** Where things are kept: the agent's database, key files, state directories. */
export { writeDurably } from './durable-file.ts'
export { MAX_KEY_FILE_BYTES, readKeyFile, writeKeyFile } from './key-file.ts'
export type { KeyFileErrorCode } from './key-file.ts'
export { takeLock } from './lock-file.ts'
export { openSqliteAgentStore } from './sqlite-agent-store.ts'
export type { AgentStoreOptions, SqliteAgentStore } from './sqlite-agent-store.ts'
export type { HeldApproval } from './sqlite-approvals.ts'
export { makeSqliteJournal } from './sqlite-journal.ts'
export { OUTBOX_LIMITS } from './sqlite-outbox.ts'
export { openStateDirectory } from './state-directory.ts'
export type { StateDirectory, StateDirectoryErrorCode } from './state-directory.ts'
