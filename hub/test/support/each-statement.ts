// SPDX-License-Identifier: Apache-2.0
/** A dialect that says so before each statement, for tests that pull the plug there. */
import type { DatabaseConnection, Dialect, Driver } from 'kysely'

/** Calls `before` with the number of each statement, from 1 on, before it is executed. */
export function eachStatement(dialect: Dialect, before: (number: number) => void): Dialect {
  let count = 0
  const step = () => before((count += 1))
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (open) => dialect.createIntrospector(open),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => watchedDriver(dialect.createDriver(), step),
  }
}

function watchedDriver(driver: Driver, step: () => void): Driver {
  const inner = new WeakMap<DatabaseConnection, DatabaseConnection>()
  return new Proxy(driver, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      if (name === 'releaseConnection') {
        return (connection: DatabaseConnection) =>
          target.releaseConnection(inner.get(connection) ?? connection)
      }
      if (name !== 'acquireConnection') return member.bind(target) as unknown
      return async () => {
        const connection = await target.acquireConnection()
        const watched = watchedConnection(connection, step)
        inner.set(watched, connection)
        return watched
      }
    },
  })
}

function watchedConnection(connection: DatabaseConnection, step: () => void): DatabaseConnection {
  return {
    executeQuery: (query) => {
      step()
      return connection.executeQuery(query)
    },
    streamQuery: (query, size) => connection.streamQuery(query, size),
  }
}
