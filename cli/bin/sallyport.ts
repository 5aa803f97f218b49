// SPDX-License-Identifier: Apache-2.0
/** Starts the command line from its sources; `bin/sallyport` and `npm run demo` run this file. */
import '../src/start.ts'
