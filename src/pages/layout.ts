import { type Html, html, type Part } from './html.ts'
import { directionOf } from './reader/writing.ts'

/** The files that a page loads, at the addresses where they are served now. */
export interface PageAssets {
  readonly style: string
  readonly icon: string
  readonly reader: string
  readonly ops: string
  readonly opsTicks: string
}

export interface Document {
  readonly language: string
  /** By which the server formats times and numbers in that language, for the script. */
  readonly locale?: string
  readonly title: string
  readonly description?: string | undefined
  /** The absolute address that search engines are told. */
  readonly canonical?: string
  readonly robots?: 'noindex'
  /** Tables need more room than text that is to be read. */
  readonly wide?: boolean
  readonly older?: string | undefined
  readonly script?: string
  readonly site: string
  readonly skip?: { readonly to: string; readonly text: Part }
  /** What the script needs even if the end of the page is lost. */
  readonly texts?: Part
  readonly main: Html
  /** Data for the script, outside of what is shown. */
  readonly data?: Part
}

/** A whole page. It works without its script; styles and scripts are files of ours only, as the policy says. */
export function renderDocument(assets: PageAssets, page: Document): string {
  return html`<!doctype html>
<html lang="${page.language}"${directionOf(page.language) === 'rtl' && html` dir="rtl"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
${page.description && html`<meta name="description" content="${page.description}">`}
${page.robots && html`<meta name="robots" content="${page.robots}">`}
<meta name="color-scheme" content="light dark">
${page.canonical && html`<link rel="canonical" href="${page.canonical}">`}
${page.older && html`<link rel="next" href="${page.older}">`}
<link rel="icon" type="image/svg+xml" href="${assets.icon}">
<link rel="stylesheet" href="${assets.style}">
${page.texts}
${page.script && html`<script type="module" src="${page.script}"></script>`}
</head>
<body${page.wide && html` class="wide"`}${page.locale && html` data-locale="${page.locale}"`}>
${page.skip && html`<a class="skip" href="#${page.skip.to}">${page.skip.text}</a>`}
<header class="site"><a href="/">${page.site}</a></header>
<main>${page.main}</main>
${page.data}
</body>
</html>
`.toString()
}

/**
 * What a page may load and do. Pictures come from wherever the newsroom keeps them; `connect-src 'self'` covers the
 * websocket of the same host (CSP Level 3, 6.7.2.8); nothing inline runs.
 */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src https: http: data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
