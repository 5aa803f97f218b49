// SPDX-License-Identifier: Apache-2.0
/** Loaded by Jest before each suite that starts programs: they may take longer than a unit suite. */
import { jest } from '@jest/globals'

jest.setTimeout(240_000)
