/** An entity tag without its quotes, and whether it is a weak one (RFC 9110, 8.8.3). */
interface EntityTag {
  readonly opaque: string
  readonly weak: boolean
}

const tagForm = /\s*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*(?:,|$)/y

/** Reads `*` or a list of entity tags; null if the header is neither. */
export function parseTags(header: string): '*' | readonly EntityTag[] | null {
  if (header.trim() === '*') return '*'
  const tags: EntityTag[] = []
  tagForm.lastIndex = 0
  while (tagForm.lastIndex < header.length) {
    const match = tagForm.exec(header)
    if (match === null) return null
    tags.push({ weak: match[1] !== undefined, opaque: match[2] ?? '' })
  }
  return tags.length === 0 ? null : tags
}

/** What proxies put behind a tag when they compress: `-gzip` (Apache, Caddy), `;gzip`, `--gzip` (Jetty), and their like. */
const codingSuffix = /(?:--?|;)(?:gzip|x-gzip|br|zstd|deflate)$/
const onlyCodingSuffix = new RegExp(`^${codingSuffix.source}`)

/** The tag as the server gave it, if a proxy that compresses has put the name of a coding behind it. */
export function withoutCoding(opaque: string): string {
  return opaque.replace(codingSuffix, '')
}

/** Whether an If-None-Match names the tag, by weak comparison (RFC 9110, 13.1.2), in any form that a proxy may have given it. */
export function namesTag(header: string, opaque: string): boolean {
  const tags = parseTags(header)
  // A header that can't be read is no condition: the answer in full is always right.
  if (tags === null || tags === '*') return tags === '*'
  // The tag itself may end with a hyphen: what stands behind it is what counts.
  return tags.some((tag) => {
    const behind = tag.opaque.slice(opaque.length)
    return tag.opaque.startsWith(opaque) && (behind === '' || onlyCodingSuffix.test(behind))
  })
}
