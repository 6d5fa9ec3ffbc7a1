/** Imports point one way (docs/architecture.md): each layer may import only the layers to its left. */
const layers = [
  'core',
  'crypto',
  'codecs',
  'stores',
  'vm',
  'net',
  'observe',
  'devices',
  'http',
  'node',
  'client',
  'testing',
  'cli',
];
const allowed = {
  core: [],
  crypto: ['core'],
  codecs: ['core', 'crypto'],
  stores: ['core', 'crypto', 'codecs'],
  vm: ['core', 'crypto', 'codecs'],
  observe: ['core'],
  net: ['core', 'crypto', 'codecs', 'observe'],
  devices: ['core', 'crypto', 'codecs', 'stores', 'vm', 'net', 'observe'],
  http: ['core', 'crypto', 'codecs', 'devices', 'stores', 'net', 'observe'],
  node: ['core', 'crypto', 'codecs', 'stores', 'vm', 'net', 'observe', 'devices', 'http'],
  client: ['core', 'crypto', 'codecs', 'net', 'node'],
  testing: ['core', 'crypto', 'codecs', 'stores', 'vm', 'net', 'observe', 'devices', 'http', 'node', 'client'],
  cli: ['core', 'crypto', 'codecs', 'stores', 'vm', 'net', 'observe', 'devices', 'http', 'node', 'client'],
};
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: { pathNot: 'test\\.ts$' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    ...layers.map((layer) => ({
      name: `direction-${layer}`,
      severity: 'error',
      from: { path: `^src/${layer}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: `^src/(${[layer, ...allowed[layer]].join('|')})/` },
    })),
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^src/core/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
