// SPDX-License-Identifier: Apache-2.0
/** For tests: the way in which `sallyport sim` serves a simulator. */
export { makeCertificate } from './sim/certificate.ts'
export type { Certificate } from './sim/certificate.ts'
export { serveSimulator } from './sim/serve.ts'
export type { ServedSimulator, ServeOptions } from './sim/serve.ts'
export type { Handle, ServedAnswer, ServedRequest } from './sim/served.ts'
