// SPDX-License-Identifier: Apache-2.0
/**
 * Faults that chaos has to find, each with a seed that finds it within a minute. `npm run chaos -- --mutations` tries them
 * all. Each lies where the simulation has nothing of the programs: in a database, between two processes, at a kill.
 */
import type { Mutation } from '../support/mutation.ts'

/** A fault, and where it is found. */
export interface ChaosMutation extends Mutation {
  readonly seed: number
  /** Whether it takes two hubs on one PostgreSQL; else one hub has a file. */
  readonly hasPostgres?: boolean
}

/** All of them. */
export const MUTATIONS: readonly ChaosMutation[] = [
  {
    name: 'a hub says yes a moment before it commits',
    file: 'hub/src/stores/writes.ts',
    find: '        return await this.#db.transaction().execute(run)\n',
    put: `        return await new Promise((resolve, reject) => {
          const write = async (db) => {
            resolve(await run(db))
            await sleep(40)
          }
          this.#db.transaction().execute(write).catch(reject)
        })
`,
    seed: 308,
  },
  {
    name: 'a submission that comes again is refused',
    file: 'hub/src/queue/outgoing.ts',
    find: 'const isSame =\n    row.agent_id === envelope.agent_id &&',
    put: 'const isSame =\n    false &&',
    seed: 264,
  },
  {
    name: 'what was delivered expires too',
    file: 'hub/src/stores/envelope-writes.ts',
    find: "sql<boolean>`state = 'queued'`",
    put: "sql<boolean>`state in ('queued', 'delivered')`",
    seed: 389,
  },
  {
    name: 'what was delivered is not delivered again',
    file: 'hub/src/stores/envelope-writes.ts',
    find: '    IS_OPEN,\n    eb.or([',
    put: '    IS_QUEUED,\n    eb.or([',
    seed: 350,
  },
  {
    name: 'PostgreSQL says yes before its log is written',
    file: 'hub/src/stores/postgres-pool.ts',
    find: 'set synchronous_commit = on',
    put: 'set synchronous_commit = off',
    seed: 198,
    hasPostgres: true,
  },
  {
    name: 'an agent does not look for the runs that a kill cut off',
    file: 'core/src/stores/sqlite-runs.ts',
    find: "SELECT * FROM runs WHERE state = 'intent' ORDER",
    put: "SELECT * FROM runs WHERE state = 'intent' AND kept IS NOT NULL ORDER",
    seed: 350,
  },
  {
    name: 'an agent writes an answer down a moment after the end of its run',
    file: 'core/src/stores/sqlite-journal.ts',
    find: 'putOutbox: (answer) => putAnswer(store, answer),',
    put: 'putOutbox: (answer) => void setTimeout(() => store.transaction(() => putAnswer(store, answer)), 300),',
    seed: 350,
  },
  {
    name: 'an agent writes what a plugin keeps a second later',
    file: 'core/src/plugins/broker/state-folder.ts',
    find: '      await this.#replace(key, value)\n',
    put: '      setTimeout(() => void this.#change(() => this.#replace(key, value)), 1_000)\n',
    seed: 350,
  },
]
