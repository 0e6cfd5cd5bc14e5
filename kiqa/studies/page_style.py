"""CSS that the pages of all studies share.

The start and the end follow the light or dark setting of the system; the
working screen is always a neutral mid gray with dark bars.
"""

STYLE = """:root { color-scheme: light dark; --back: #f6f6f4; --card: #fff; --text: #1c1c1e;
  --soft: #5d5d63; --line: #c9c9c6; --focus: #0b63ce; --primary: #0b57b8; --warn: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --back: #161618; --card: #212124;
  --text: #ececee; --soft: #a5a5ad; --line: #4a4a50; --focus: #7db4ff; --primary: #1d63c0;
  --warn: #ffc46b; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
.sheet { max-width: 46rem; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 12px; }
h1:focus { outline: none; }
h2 { font-size: 1.05rem; margin: 24px 0 4px; }
p { margin: 0 0 10px; }
.soft { color: var(--soft); }
.warn { color: var(--warn); font-weight: 600; }
.note { border-left: 4px solid var(--primary); padding: 4px 12px; white-space: pre-line; }
.notice { --card: #7a1f00; --line: #fff; --focus: #fff;
  background: #7a1f00; color: #fff; padding: 10px 20px; position: relative; z-index: 9; }
.notice p { margin: 0; }
ol, ul { margin: 0 0 10px; padding-left: 1.4rem; }
table { border-collapse: collapse; margin: 6px 0 10px; }
th, td { text-align: left; font-weight: normal; padding: 3px 18px 3px 0; vertical-align: top; }
th { white-space: nowrap; }
kbd { font: .85em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; border: 1px solid;
  border-radius: 4px; padding: 0 5px; white-space: nowrap; }
form { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; margin-top: 20px; }
button, input, select { font: inherit; color: inherit; }
button { background: var(--card); border: 1px solid var(--line); border-radius: 7px;
  padding: 7px 14px; cursor: pointer; min-height: 2.5rem; }
button.primary { background: var(--primary); border-color: var(--primary); color: #fff;
  font-weight: 600; }
button:disabled, button.primary:disabled { cursor: not-allowed; background: transparent;
  border: 1px dashed var(--line); color: var(--soft); font-weight: 400; }
input:not([type=range], [type=checkbox]) { background: var(--card); padding: 7px 10px;
  border: 1px solid var(--line); border-radius: 7px; min-height: 2.5rem; width: 15rem; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
textarea { width: 100%; font: .85rem/1.4 ui-monospace, "DejaVu Sans Mono", monospace;
  background: var(--card); color: inherit; border: 1px solid var(--line); border-radius: 7px; }
.last { margin-top: 28px; }
.row { display: flex; flex-wrap: wrap; gap: 10px; align-items: center; }
body.working { display: flex; flex-direction: column; position: fixed; inset: 0; }
.working .notice { flex: none; max-height: 40%; overflow: auto; }
#work { flex: 1; min-height: 0; display: flex; flex-direction: column; background: #808080;
  color: #000; --card: #d4d4d4; --line: #5a5a5a; --primary: #1f2023; --focus: #000; }
.bar, .controls { background: #3a3a3a; color: #f2f2f2; --card: #565656; --line: #8a8a8a;
  --soft: #b4b4b4; --focus: #fff; --primary: #e8e8e8; flex: none; }
.controls button.primary:enabled { color: #111; }
.bar { display: flex; gap: 10px; align-items: center; padding: 6px 14px; }
.bar button { padding: 3px 12px; min-height: 2.1rem; }
.bar .space { flex: 1; }
#count { min-width: 8.5rem; font-variant-numeric: tabular-nums; }
#name { max-width: 14rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
progress { width: 140px; height: 8px; appearance: none; border: 0; border-radius: 4px;
  background: #5c5c5c; overflow: hidden; }
progress::-webkit-progress-bar { background: #5c5c5c; }
progress::-webkit-progress-value { background: #dcdcdc; }
progress::-moz-progress-bar { background: #dcdcdc; }
.controls { padding: 10px 16px 12px; }
.controls p { margin: 0; }
#hint { text-align: center; min-height: calc(1.5em + 6px); padding-top: 6px; }
.controls .row { justify-content: center; }
.bar button { white-space: nowrap; }
@media (max-width: 700px) { #name, progress { display: none; } .bar { flex-wrap: wrap; } }
"""
