// SPDX-License-Identifier: Apache-2.0
/** A process that brings a database up to date and is killed right before one of its statements. */
import { openDatabase } from '../../src/stores/database.ts'
import { sqliteDialect } from '../../src/stores/sqlite-dialect.ts'
import { eachStatement } from './each-statement.ts'

const [, , file = '', last = '0'] = process.argv
const dialect = () =>
  eachStatement(sqliteDialect(file), (number) => {
    if (number === Number(last)) process.kill(process.pid, 'SIGKILL')
  })
await (await openDatabase(dialect)).destroy()
