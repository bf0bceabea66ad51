#include "core/report/html_style.hpp"

namespace foldperf::report {

std::string_view style_sheet() {
  return R"css(
:root{--page:#f6f7f9;--card:#fff;--ink:#16191f;--soft:#5b6472;--line:#e2e6ec;--grid:#edf0f4;--on-fill:#fff;
--accent:#2a6fc9;--c0:#a9b2bf;--c1:#2a78d6;--c2:#e8702e;--c3:#179e71;--c4:#d99a00;--c5:#d9679b;--c6:#3f7d20;
--c7:#6a54c4;--c8:#d63f3e}
@media (prefers-color-scheme:dark){:root{--page:#121418;--card:#1a1d23;--ink:#e9ecf1;--soft:#9aa4b2;--line:#2d323b;
--grid:#262b33;--on-fill:#fff;--accent:#79aef0;--c0:#646d7a;--c1:#4a90e2;--c2:#de6a30;--c3:#22a57a;--c4:#c48f10;
--c5:#d2649a;--c6:#5c9a3c;--c7:#9384e6;--c8:#e45f5e}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:1000px;padding:32px 20px 60px;background:var(--page);color:var(--ink);
font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","Liberation Sans",Arial,sans-serif}
header h1{margin:2px 0 4px;font-size:27px;line-height:1.25;font-weight:650;overflow-wrap:anywhere}
.brand{margin:0;color:var(--accent);font-weight:600;font-size:13px;letter-spacing:.04em}
.subtitle{margin:0;color:var(--soft);font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
overflow-wrap:anywhere}
.state{margin:6px 0 0;color:var(--soft);font-size:13.5px}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:16px 0 18px;padding:9px 0;border:solid var(--line);border-width:1px 0;
font-size:13.5px}
nav a{color:var(--accent);text-decoration:none}nav a:hover{text-decoration:underline}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px;margin:0 0 16px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:9px;padding:11px 14px}
.tile-value{font-size:21px;font-weight:640;font-variant-numeric:tabular-nums;white-space:nowrap}
.tile-label{color:var(--soft);font-size:12.5px}
section{background:var(--card);border:1px solid var(--line);border-radius:11px;padding:6px 22px 18px;margin:0 0 16px}
h2{font-size:18.5px;margin:13px 0 8px;font-weight:640}h3{font-size:15px;margin:22px 0 6px;font-weight:620}
p{margin:6px 0}.note{color:var(--soft);font-size:13px}
ul.findings{margin:6px 0;padding-left:20px}ul.findings li{margin:3px 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:8px 0;font-size:14px}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
figure{margin:14px 0 6px}figcaption{font-size:14px;font-weight:600;margin:0 0 5px}
.grid-of-figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,390px),1fr));gap:4px 26px}
.legend{display:flex;flex-wrap:wrap;gap:3px 15px;margin:0 0 7px;font-size:12.5px;color:var(--soft)}
.legend span{display:inline-flex;align-items:center;overflow-wrap:anywhere}
.swatch{display:inline-block;flex:none;width:11px;height:11px;border-radius:3px;margin-right:6px;background:currentColor}
svg{display:block;width:100%;height:auto;font-family:inherit;overflow:visible}
svg text{fill:var(--ink);font-size:11px}svg .tick,svg .axis-label{fill:var(--soft)}
svg .tick,svg .value{font-variant-numeric:tabular-nums}svg .value{fill:var(--soft)}
svg .on-fill{fill:var(--on-fill);font-size:12px;font-weight:600}
svg .grid{stroke:var(--grid);stroke-width:1}svg .axis{stroke:var(--c0);stroke-width:1}
svg .whisker{stroke:var(--ink);stroke-width:1.4}
svg .fill{fill:currentColor}svg .fill:hover{opacity:.8}svg .gap{fill:var(--card)}
svg .curve{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .curve.faint{stroke-width:1;opacity:.4}svg .fill.faint{opacity:.45}.swatch.faint{opacity:.45}
svg .tint{fill:currentColor;fill-opacity:.26}svg .tint:hover{fill-opacity:.5}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}
.c5{color:var(--c5)}.c6{color:var(--c6)}.c7{color:var(--c7)}.c8{color:var(--c8)}
.table{overflow-x:auto;margin:10px 0}.tall{max-height:560px;overflow-y:auto;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th{position:sticky;top:0;background:var(--card);text-align:left;font-weight:600;color:var(--soft);font-size:12.5px;
padding:5px 9px;border-bottom:1px solid var(--line);white-space:nowrap;cursor:pointer;user-select:none}
th[aria-sort=descending]::after{content:" ↓"}th[aria-sort=ascending]::after{content:" ↑"}
td{padding:4px 9px;border-bottom:1px solid var(--grid);vertical-align:top}
tbody tr:hover{background:var(--grid)}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}th.number{text-align:right}
td.name{overflow-wrap:break-word;min-width:150px;max-width:420px}
footer{color:var(--soft);font-size:12.5px;margin-top:22px}
@media print{body{max-width:none;padding:0;background:#fff}section{break-inside:avoid-page}.tall{max-height:none}nav{display:none}}
)css";
}

// A change here changes script_hash: a test computes it.
std::string_view script() {
  return R"js(
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.tabIndex = 0;
    const sort = () => {
      const first = head.classList.contains("number") ? "descending" : "ascending";
      const other = first === "descending" ? "ascending" : "descending";
      const order = head.getAttribute("aria-sort") === first ? other : first;
      heads.forEach(h => h.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const key = row => {
        const cell = row.cells[column];
        return cell && cell.dataset.v !== undefined ? Number(cell.dataset.v) : cell ? cell.textContent : "";
      };
      const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      const rows = [...table.tBodies[0].rows].map(row => [key(row), row]);
      rows.sort((a, b) => sign * compare(a[0], b[0]));
      table.tBodies[0].append(...rows.map(r => r[1]));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", event => { if (event.key === "Enter") sort(); });
  });
}
)js";
}

std::string_view script_hash() { return "sha256-l0PspPS+NkUHm8ukKjGwICd9TuX3xgXjCDmvUntTZS0="; }

}  // namespace foldperf::report
