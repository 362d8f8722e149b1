/**
 * The oldest browsers in which the pages and the client library work, by esbuild's names for them. `npm run check` holds
 * the syntax, the regular expressions and the APIs of all browser code to these.
 */
export const oldestBrowsers = { chrome: '88', edge: '88', firefox: '78', safari: '14.1', ios: '14.5' } as const

/** The same as esbuild takes it: newer syntax is rewritten, or refused. */
export const bundleTargets = Object.entries(oldestBrowsers).map(([name, version]) => name + version)
