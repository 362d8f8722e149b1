import sanitizeHtml from 'sanitize-html'

/** Elements within elements; what is nested deeper loses its tags and keeps its text. */
export const bodyNestingMax = 24
/** The second one sees what the first one has uncovered, and the third finds nothing new. */
const passesMax = 3

/**
 * What a body may be made of: text and its structure. No pictures, which have a field of their own with their
 * description and credit; nothing that runs, loads, submits or is styled.
 */
const allowedTags = [
  'p div br hr h2 h3 h4 blockquote pre ul ol li dl dt dd',
  'table caption thead tbody tfoot tr th td',
  'a strong em b i s del ins sub sup code abbr cite q time',
].flatMap((names) => names.split(' '))

/** Elements whose content is not text for readers: it goes with them. */
const nonTextTags = [
  'script style textarea option select xmp noscript noembed noframes title template',
  'svg math object audio video canvas button',
].flatMap((names) => names.split(' '))

/** The page's own title is its h1; a body's headings start below it. */
const renamed: Readonly<Record<string, string>> = {
  h1: 'h2',
  h5: 'h4',
  h6: 'h4',
  strike: 's',
  ...Object.fromEntries(
    'section article header footer main aside address figure figcaption details summary'
      .split(' ')
      .map((name) => [name, 'div']),
  ),
}

const align = { name: 'align', multiple: false, values: ['left', 'center', 'right'] }
const dir = { name: 'dir', multiple: false, values: ['ltr', 'rtl', 'auto'] }

/** Forms that attributes must have; one that has another is dropped. */
const forms: Readonly<Record<string, RegExp>> = {
  // Relative links would lead elsewhere on every site that shows the post.
  href: /^(?:https?:\/\/|mailto:)[^\s]{1,2000}$/i,
  cite: /^https?:\/\/[^\s]{1,2000}$/i,
  lang: /^[A-Za-z0-9-]{1,35}$/,
  colspan: /^[1-9][0-9]?$/,
  rowspan: /^[1-9][0-9]?$/,
  start: /^[0-9]{1,6}$/,
  datetime: /^[0-9A-Za-z:+. -]{1,40}$/,
  scope: /^(?:col|row|colgroup|rowgroup)$/,
}

const options: sanitizeHtml.IOptions = {
  allowedTags,
  nonTextTags,
  nestingLimit: bodyNestingMax,
  disallowedTagsMode: 'discard',
  allowedAttributes: {
    '*': ['lang', dir],
    a: ['href', 'rel'],
    abbr: ['title'],
    blockquote: ['cite'],
    q: ['cite'],
    ol: ['start'],
    th: ['colspan', 'rowspan', 'scope', align],
    td: ['colspan', 'rowspan', align],
    time: ['datetime'],
  },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowedSchemesAppliedToAttributes: ['href', 'cite'],
  allowProtocolRelative: false,
  transformTags: {
    '*': (name, attributes) => {
      const kept = Object.entries(attributes).filter(([attribute, value]) => {
        const form = forms[attribute]
        return attribute !== 'rel' && (form === undefined || form.test(value))
      })
      const isLink = name === 'a' && kept.some(([attribute]) => attribute === 'href')
      return {
        tagName: renamed[name] ?? name,
        attribs: Object.fromEntries(isLink ? [...kept, ['rel', 'nofollow noopener']] : kept),
      }
    },
  },
}

/**
 * HTML with nothing but what is allowed above, well formed. Sanitising it again changes nothing: so it is done until
 * nothing does, since an element that is gone may have kept the parser from ending a paragraph before a block.
 */
export function sanitise(html: string): string {
  let sanitised = sanitizeHtml(html, options)
  for (let pass = 1; pass < passesMax; pass++) {
    const again = sanitizeHtml(sanitised, options)
    if (again === sanitised) break
    sanitised = again
  }
  return sanitised
}
