// SPDX-License-Identifier: Apache-2.0
/** A dialect that says so before each statement, for tests that pull the plug there. */
import type { DatabaseConnection, Dialect, Driver } from 'kysely'

/** Called with the number of a statement, from 1 on, before it is executed. */
export type BeforeStatement = (number: number) => void | Promise<void>

/** Calls `before` for each statement, and for the begin and the end of transactions. */
export function eachStatement(dialect: Dialect, before: BeforeStatement): Dialect {
  let count = 0
  const step = () => before((count += 1))
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (open) => dialect.createIntrospector(open),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => watchedDriver(dialect.createDriver(), step),
  }
}

const ENDS: readonly unknown[] = ['beginTransaction', 'commitTransaction', 'rollbackTransaction']

function watchedDriver(driver: Driver, step: () => void | Promise<void>): Driver {
  const plain = new WeakMap<DatabaseConnection, DatabaseConnection>()
  return new Proxy(driver, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      if (name === 'acquireConnection') {
        return async () => {
          const connection = await target.acquireConnection()
          const watched = watchedConnection(connection, step)
          plain.set(watched, connection)
          return watched
        }
      }
      return async (connection?: DatabaseConnection, ...rest: unknown[]) => {
        if (ENDS.includes(name)) await step()
        const own = connection && (plain.get(connection) ?? connection)
        return member.call(target, own, ...rest) as unknown
      }
    },
  })
}

function watchedConnection(
  connection: DatabaseConnection,
  step: () => void | Promise<void>,
): DatabaseConnection {
  return {
    executeQuery: async (query) => {
      await step()
      return connection.executeQuery(query)
    },
    streamQuery: (query, size) => connection.streamQuery(query, size),
  }
}
