import { html } from '../html.ts'
import { type PageAssets, renderDocument } from '../layout.ts'

/** The operations page: a shell, filled by its script with what the operator's key may see. */
export function renderOpsPage(assets: PageAssets): string {
  return renderDocument(assets, {
    language: 'en',
    title: 'Operations | Wirecopy',
    robots: 'noindex',
    wide: true,
    script: assets.ops,
    site: 'Wirecopy',
    main: html`<h1 class="page-title">Operations</h1>
<noscript><p>This page needs JavaScript. The same figures are at <code>/v1/ops/nodes</code>, <code>/v1/ops/channels</code> and <code>/metrics</code>.</p></noscript>
<form class="key" data-key-form hidden>
<label for="key">Key with the scope <code>ops:read</code></label>
<div class="key-row"><input id="key" name="key" type="password" autocomplete="off" spellcheck="false" required><button type="submit">Show</button></div>
<p class="hint">It is kept in this tab until the tab is closed.</p>
<p class="problem" role="alert" data-key-problem></p>
</form>
<div data-figures data-ticks="${assets.opsTicks}" hidden>
<p class="verdict" data-verdict></p>
<p class="unseen" role="status" data-announced></p>
<p class="age" data-age></p>
<div data-tables></div>
<p class="turn"><button type="button" data-forget>Forget the key</button></p>
</div>`,
  })
}
