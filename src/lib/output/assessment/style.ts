/** CSS of the HTML report. Colours of both themes have a contrast of at least 4.5; bars also differ in lightness. */
export const STYLE = `
:root{color-scheme:light dark;--page:#fff;--text:#1c2430;--quiet:#586476;--line:#d8dee7;--code:#f3f5f8;
--red:#b3261e;--amber:#8a5a00;--green:#1b6e3c;--rows:#3366b8;--indexes:#8fb3ea;
--t0:#28559f;--t1:#4d86d9;--t2:#93bdf2;--t3:#1d6f72;--t4:#3fa3a0;--t5:#8c5a9e;--t6:#c08fd0;--t7:#b06a2c;--t8:#6d7a8c;--t9:#a33b5e}
@media (prefers-color-scheme:dark){:root{--page:#12161c;--text:#e4e9f0;--quiet:#9aa7b8;--line:#323b48;--code:#1c222b;
--red:#ff8a80;--amber:#f2bd57;--green:#6fd394;--rows:#6b9dea;--indexes:#33568c;
--t0:#8ab4f5;--t1:#5a8fe0;--t2:#38619f;--t3:#64c8c4;--t4:#338a87;--t5:#c79bd8;--t6:#8a5c9b;--t7:#e09a5c;--t8:#8d99a9;--t9:#e57f9f}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:48rem;margin:0 auto;padding:2rem 1rem 4rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.2rem;margin:2.5rem 0 .75rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}
h3{font-size:1rem;margin:1.25rem 0 .5rem}p{margin:.25rem 0}ul{padding-left:1.25rem;margin:.25rem 0}li{margin:.35rem 0;overflow-wrap:anywhere}
.quiet{color:var(--quiet)}.count{color:var(--quiet);font-weight:normal}
.verdict{font-size:1.15rem;font-weight:600;margin:1rem 0 0;padding:.75rem 1rem;border-left:.4rem solid currentColor;background:var(--code)}
.ready{color:var(--green)}.refused,.blocker h2{color:var(--red)}.unverified,.unknown h2,.warning h2{color:var(--amber)}
.findings{list-style:none;padding:0}.findings li{margin:0 0 1rem}.remedy{color:var(--quiet)}.remedy::before{content:"→ "}
pre{margin:.35rem 0;padding:.5rem .75rem;background:var(--code);white-space:pre-wrap;overflow-wrap:anywhere;font:.875rem/1.45 ui-monospace,monospace}
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .75rem .2rem 0;text-align:left;vertical-align:top;font-weight:normal;overflow-wrap:anywhere}
.facts th{color:var(--quiet);width:9rem;white-space:nowrap}.terms td:first-child{width:1.25rem}.number{white-space:nowrap;width:7rem;font-variant-numeric:tabular-nums}
.swatch{width:.75rem;height:.75rem;vertical-align:middle}
.chart{display:block;width:100%;height:auto;margin:.75rem 0}.chart text{font:13px system-ui,sans-serif;fill:var(--text)}.chart text.quiet{fill:var(--quiet)}
.rows{fill:var(--rows)}.indexes{fill:var(--indexes)}.budget{stroke:var(--red);stroke-width:2;stroke-dasharray:4 3}
.term0{fill:var(--t0)}.term1{fill:var(--t1)}.term2{fill:var(--t2)}.term3{fill:var(--t3)}.term4{fill:var(--t4)}.term5{fill:var(--t5)}.term6{fill:var(--t6)}.term7{fill:var(--t7)}.term8{fill:var(--t8)}.term9{fill:var(--t9)}
@media print{:root{--page:#fff;--text:#000;--quiet:#444;--line:#bbb;--code:#f3f5f8;--red:#b3261e;--amber:#8a5a00;--green:#1b6e3c;
--rows:#3366b8;--indexes:#8fb3ea;--t0:#28559f;--t1:#4d86d9;--t2:#93bdf2;--t3:#1d6f72;--t4:#3fa3a0;--t5:#8c5a9e;--t6:#c08fd0;--t7:#b06a2c;--t8:#6d7a8c;--t9:#a33b5e}
body{font-size:11pt}main{max-width:none;padding:0}li,tr,svg{break-inside:avoid}h2,h3{break-after:avoid}rect{print-color-adjust:exact}}
`
