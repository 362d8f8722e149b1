// Builds the addon by which batches are sent, with the Node that runs this. Where it can't, it fails: an image must have it.
import { runAsScript, SetupError } from './setup/capture.js'
import { buildAddon } from './setup/native.js'
import { root } from './setup/prepare.js'

await runAsScript(async () => {
  if (await buildAddon(root, process.execPath)) return 0
  throw new SetupError(
    'The addon for send(2) could not be built. It needs Linux, a C compiler and the headers of Node.',
  )
})
