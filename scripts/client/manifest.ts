/** What the package takes over from that of the server. */
export interface ServerManifest {
  readonly version: string
  readonly license: string
  readonly dependencies: Readonly<Record<string, string>>
}

/** The client's package.json. Everything else that is in the package stands in `files`. */
export function clientManifest({ version, license, dependencies }: ServerManifest) {
  const socket = dependencies['socket.io-client']
  if (socket === undefined) throw new Error('package.json names no socket.io-client')
  return {
    name: 'wirecopy-client',
    version,
    description:
      'Follows the live coverage of a Wirecopy server: each post, correction and retraction, once and in order.',
    license,
    type: 'module',
    sideEffects: false,
    // Tools that do not know `exports` go by these two.
    main: './index.cjs',
    types: './index.d.cts',
    exports: {
      '.': {
        import: { types: './index.d.ts', default: './index.js' },
        require: { types: './index.d.cts', default: './index.cjs' },
      },
      './wirecopy.js': './wirecopy.js',
      './package.json': './package.json',
    },
    files: ['index.js', 'index.cjs', 'index.d.ts', 'index.d.cts', 'wirecopy.js', 'wirecopy.js.LICENSES.txt'],
    engines: { node: '>=20.3' },
    // Not bundled: it has other code for Node than for browsers, and its fixes must reach a site without ours.
    dependencies: { 'socket.io-client': `^${socket}` },
  }
}
