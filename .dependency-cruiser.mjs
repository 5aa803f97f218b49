// SPDX-License-Identifier: Apache-2.0
/** Who may import whom. Each rule says why it is there and where the code goes instead; `test/architecture` runs them. */

const PROGRAM = '^(hub|agent|cli)/src/'
const PURE = '^core/src/(protocol|crypto|schedules|admission|audit)/'
const TEST_KIT = '(^|/)src/testing(/|\\.ts$)'
const ANY_SOURCE = '^(sdk|core|hub|agent|cli|plugins/[^/]+)/src/'
const PUBLIC_ENTRIES = ['/src/(index|main)\\.ts$', '^core/src/[a-z]+/index\\.ts$', TEST_KIT]
const RUNNER_PORTS = '^core/src/runner/ports\\.ts$'
const builtin = { dependencyTypes: ['core'] }

/** A rule that forbids something, as the cruiser wants it. */
const forbid = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to })

const shape = [
  forbid(
    'no-cycles',
    'Two files that import each other cannot be read one after the other. Move what both need into a third file below them.',
    {},
    { circular: true },
  ),
  forbid(
    'no-orphans',
    'A file that nothing imports and that imports nothing is not part of the product. Import it where it is used, or delete it.',
    { orphan: true, path: '/src/', pathNot: '/(index|main|testing)\\.ts$' },
    {},
  ),
  forbid(
    'no-unresolved',
    'The import leads nowhere: a missing file, a subpath that the package does not export, or a dependency that is not installed. Write the file, or import what exists.',
    {},
    { couldNotResolve: true },
  ),
  forbid(
    'no-undeclared-dependency',
    'Whoever installs the package alone gets only what its package.json names. Add it there as a dependency, at an exact version.',
    { path: '/src/' },
    {
      dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
      dependencyTypesNot: ['type-only', 'npm-peer'],
    },
  ),
  forbid(
    'nothing-imports-tests',
    'Product code must run without its tests. Move what both need into src.',
    { path: '/src/' },
    { path: '(^|/)test/' },
  ),
  forbid(
    'no-test-kit-in-product',
    'Fakes and simulators never ship inside a program. Only tests and other test kits import */testing.',
    { path: '/src/', pathNot: TEST_KIT },
    { path: TEST_KIT },
  ),
]

const sdk = [
  forbid(
    'sdk-imports-nothing',
    'A plugin author gets the SDK without any run-time dependency and without I/O. Types of the schema standard are the one exception; put effects into core/src/plugins behind a handle.',
    { path: '^sdk/src/' },
    { pathNot: '^sdk/src/|/@standard-schema/spec/' },
  ),
  forbid(
    'sdk-borrows-types-only',
    'What the SDK takes from the schema standard must vanish at run time. Write `import type`.',
    { path: '^sdk/src/' },
    { path: '/@standard-schema/spec/', dependencyTypesNot: ['type-only'] },
  ),
]

const pure = [
  forbid(
    'protocol-is-the-lowest-row',
    'Every row reads the wire shapes, so they know no other row. Put what combines shapes with keys, decisions or stores into the row that does so.',
    { path: '^core/src/protocol/' },
    { path: '^core/src/', pathNot: '^core/src/protocol/' },
  ),
  forbid(
    'crypto-knows-protocol-only',
    'Signing and sealing stand below decisions and evidence. Put what decides into admission, what records into audit.',
    { path: '^core/src/crypto/' },
    { path: '^core/src/', pathNot: '^core/src/(crypto|protocol)/' },
  ),
  forbid(
    'schedules-know-lower-rows-only',
    'When a schedule is due depends on its text, the agent and the time alone. Put what decides whether it may run into admission, what runs it into the runner.',
    { path: '^core/src/schedules/' },
    { path: '^core/src/', pathNot: '^core/src/(schedules|crypto|protocol)/' },
  ),
  forbid(
    'admission-knows-lower-rows-only',
    'The decision whether a job runs can be replayed from its arguments. Declare what it needs as a port in admission/ports.ts; the adapter goes to core/src/stores.',
    { path: '^core/src/admission/' },
    { path: '^core/src/', pathNot: '^core/src/(admission|schedules|crypto|protocol)/' },
  ),
  forbid(
    'audit-knows-lower-rows-only',
    'A customer verifies the log without any store or program. Declare what it needs as a port; the adapter goes to core/src/stores.',
    { path: '^core/src/audit/' },
    { path: '^core/src/', pathNot: '^core/src/(audit|crypto|protocol)/' },
  ),
  forbid(
    'pure-rows-have-no-effects',
    'The pure rows take clock, random bytes and stores as arguments, so that a whole trust decision runs from a seed. Effects belong to core/src/{stores,transport,plugins}.',
    { path: PURE },
    { ...builtin, pathNot: '^(node:)?(buffer|util|crypto)$' },
  ),
  forbid(
    'node-crypto-only-in-crypto',
    'Cryptography is reviewed in one folder. Use a function of core/src/crypto, or add one there.',
    { path: PURE, pathNot: '^core/src/crypto/' },
    { ...builtin, path: '^(node:)?crypto$' },
  ),
]

const effects = [
  forbid(
    'effect-rows-know-pure-rows-only',
    'Stores, transport and plugin host stand side by side and meet only in the runner. Declare a port where it is needed, implement it here, and join the two in wiring.',
    { path: '^core/src/(stores|transport|plugins)/' },
    {
      path: '^core/src/',
      pathNot: [
        '^core/src/(protocol|crypto|schedules|admission|audit)/',
        '^core/src/$1/',
        RUNNER_PORTS,
      ],
    },
  ),
  forbid(
    'nothing-below-imports-the-runner',
    'The runner joins the rows; a row that knew it could not be tested without it. Pass a function in instead.',
    { path: '^core/src/(protocol|crypto|schedules|admission|audit|stores|transport|plugins)/' },
    { path: '^core/src/(runner|wiring)/', pathNot: RUNNER_PORTS },
  ),
  forbid(
    'policy-knows-what-it-answers',
    'A policy is asked by admission through its port and knows documents and decisions, no store and no network. Pass in what it needs.',
    { path: '^core/src/policy/' },
    { path: '^core/src/', pathNot: '^core/src/(policy|protocol|crypto|admission)/' },
  ),
  forbid(
    'policy-only-where-it-is-asked',
    'The evaluator takes 16 MB and 20 ms to load: agents ask it and the command line checks and explains it. The hub has no policy, and the rows of core take the port as an argument.',
    {
      path: '^(core|hub|cli)/src/',
      pathNot: ['^core/src/policy/', '^cli/src/policy/', '^cli/src/work/policy-'],
    },
    { path: '^core/src/policy/', dependencyTypesNot: ['type-only', 'dynamic-import'] },
  ),
  forbid(
    'ports-are-types',
    'A store implements a port of the runner and knows nothing else of it. Write `import type`.',
    { path: '^core/src/(stores|transport|plugins)/' },
    { path: RUNNER_PORTS, dependencyTypesNot: ['type-only'] },
  ),
  forbid(
    'wiring-is-the-top',
    'Only programs read the wiring. Take what you need as an argument.',
    { path: '^core/src/', pathNot: '^core/src/wiring/' },
    { path: '^core/src/wiring/' },
  ),
  forbid(
    'core-knows-no-program',
    'Hub, agent and command line stand above core. Move the shared part down into core.',
    { path: '^core/src/' },
    { path: '^(hub|agent|cli)/' },
  ),
]

const vendors = [
  forbid(
    'container-only-in-wiring',
    'A container is ambient authority: every importer in a process reaches the same one. Register parts in core/src/wiring or in a wiring.ts of a program, and pass them as arguments everywhere else.',
    { path: '/src/', pathNot: ['^core/src/wiring/', '^(hub|agent|cli)/src/wiring\\.ts$'] },
    { path: 'node_modules/(tsyringe|reflect-metadata)/' },
  ),
  forbid(
    'jose-and-curves-only-in-crypto',
    'Whoever reviews the cryptography reads one folder. Use a function of @sallyport/core/crypto, or add one there.',
    { path: '/src/', pathNot: '^core/src/crypto/' },
    { path: 'node_modules/(jose|@noble)/' },
  ),
  forbid(
    'zod-only-at-the-edges',
    'In core, outside bytes become values in the pure rows that own their form, and in the contract and the site file of the transport. Take the parsed value as an argument, or its type.',
    {
      path: '^core/src/',
      pathNot: [
        '^core/src/(protocol|crypto|audit)/',
        '^core/src/transport/(contract|site-file)\\.ts$',
      ],
    },
    { path: 'node_modules/zod/', dependencyTypesNot: ['type-only'] },
  ),
  forbid(
    'croner-only-in-schedules',
    'How a cron expression is read is decided in one folder, with its rules for the days on which clocks are set. Use readTimetable of @sallyport/core/schedules.',
    { path: '/src/', pathNot: '^core/src/schedules/' },
    { path: 'node_modules/croner/' },
  ),
  forbid(
    'cedar-only-in-policy',
    'What a policy means is decided in one folder. Use makePolicy or findPolicyProblems of @sallyport/core/policy.',
    { path: '/src/', pathNot: '^core/src/policy/cedar\\.ts$' },
    { path: 'node_modules/@cedar-policy/' },
  ),
  forbid(
    'undici-only-where-http-is-spoken',
    'Two folders speak HTTP, each with one set of limits and deadlines. Call the hub through @sallyport/core/transport; a plugin calls bound services through the broker.',
    { path: '/src/', pathNot: ['^core/src/transport/', '^core/src/plugins/broker/endpoint/'] },
    { path: 'node_modules/undici/' },
  ),
  forbid(
    'json-schema-only-in-plugins',
    'Inputs are checked against the schema of an approved manifest in one place. Take the checker of core/src/plugins as an argument.',
    { path: '/src/', pathNot: '^core/src/plugins/' },
    { path: 'node_modules/@cfworker/' },
  ),
]

const plugins = [
  forbid(
    'plugins-see-only-the-sdk',
    'A plugin is third-party code: it reaches the world through handles. Import @sallyport/sdk; if a handle is missing, add a permission kind to the SDK and a broker file to core/src/plugins.',
    { path: '^plugins/([^/]+)/', pathNot: '^plugins/[^/]+/test/' },
    {
      path: '^(sdk|core|hub|agent|cli|plugins|tools|test)/',
      pathNot: ['^plugins/$1/', '^sdk/src/index\\.ts$', '^sdk/src/testing/index\\.ts$'],
    },
  ),
  forbid(
    'plugins-use-four-node-modules',
    'Inside the sandbox there is nothing to open. Of Node a plugin uses timers/promises, path, util and buffer; everything else is a handle.',
    { path: '^plugins/[^/]+/src/' },
    { ...builtin, pathNot: '^(node:)?(timers/promises|path|util|buffer)$' },
  ),
  forbid(
    'programs-never-import-plugins',
    'An agent loads a plugin by its approved digest, never by name: ship it as a bundle. The process of `sallyport sim` alone loads a simulator, by a name that no import mentions, when its package is installed beside it; the licence of that package stays in that process.',
    { path: '^(sdk|core|hub|agent|cli)/(src|bin)/' },
    { path: '^plugins/' },
  ),
]

const programs = [
  forbid(
    'programs-use-public-core',
    'What a folder of core does not export from its index.ts is its own business. Export it there, with a doc comment, or keep it where it is.',
    { path: PROGRAM },
    { path: '^(core|sdk)/', pathNot: ['^core/src/[a-z]+/index\\.ts$', '^sdk/src/index\\.ts$'] },
  ),
  forbid(
    'hub-and-agent-stand-alone',
    'Each program has its own owner and its own machine. Move what two of them need into core.',
    { path: '^(hub|agent)/src/' },
    { path: '^(hub|agent|cli)/', pathNot: '^$1/' },
  ),
  forbid(
    'cli-loads-programs-lazily',
    'Most commands start neither hub nor agent and must not pay for loading them. Write `await import(…)` in the command that starts one.',
    { path: '^cli/', pathNot: '^cli/test/' },
    { path: '^(hub|agent)/', dependencyTypesNot: ['dynamic-import', 'type-only'] },
  ),
  forbid(
    'cli-uses-public-entries',
    'Hub and agent may change inside. Use what their index.ts or main.ts exports.',
    { path: '^cli/src/' },
    { path: '^(hub|agent)/', pathNot: '^(hub|agent)/src/(index|main)\\.ts$' },
  ),
]

const tests = [
  forbid(
    'tests-keep-to-their-package',
    'A test may open its own package; of others it sees what everybody sees. Export what is missing, or test it where it lives.',
    { path: '^(sdk|core|hub|agent|cli|plugins/[^/]+)/test/' },
    { path: ANY_SOURCE, pathNot: ['^$1/', ...PUBLIC_ENTRIES] },
  ),
  forbid(
    'system-tests-stay-outside',
    'test/ looks at the programs from outside and uses what packages export. A test that needs the inside belongs to the package.',
    { path: '^test/' },
    { path: ANY_SOURCE, pathNot: PUBLIC_ENTRIES },
  ),
]

export default {
  forbidden: [...shape, ...sdk, ...pure, ...effects, ...vendors, ...plugins, ...programs, ...tests],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage|plugin-template)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@sallyport/source', 'import', 'node', 'types', 'default'],
      mainFields: ['main', 'types'],
    },
  },
}
