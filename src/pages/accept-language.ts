/** More than browsers send, few enough to look at for each request. */
const rangesMax = 20

/**
 * The language that a reader prefers among those that there are, by `Accept-Language` (RFC 9110, 12.5.4). A range fits the
 * language that it names or is a form of (`de-AT` fits `de`); of equal ones the first counts. The first of `available` if
 * none fits.
 */
export function preferredLanguage(header: string | undefined, available: readonly [string, ...string[]]): string {
  let best: string = available[0]
  let bestQuality = 0
  for (const range of (header ?? '').split(',', rangesMax)) {
    const [tag = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const fitting = available.find((language) => `${tag}-`.startsWith(`${language.toLowerCase()}-`))
    const quality = qualityOf(parameters)
    if (fitting !== undefined && quality > bestQuality) {
      best = fitting
      bestQuality = quality
    }
  }
  return best
}

/** What is no number counts for nothing. */
function qualityOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = given === undefined ? 1 : Number(given.slice('q='.length))
  return quality >= 0 && quality <= 1 ? quality : 0
}
