"""Text and style of the page on areas of high quality."""

INSTRUCTIONS = """<p>You will see photographs, one after the other. Mark the areas of each that you
find to be of high quality.</p>
<ul>
<li>Draw boxes tightly round these areas: press in one corner, drag to the opposite one. Boxes may
overlap.</li>
<li>If there is no area of high quality, tick <b>No high-quality area</b>.</li>
<li>Judge how well an area is reproduced (sharpness, noise, exposure, traces of compression), not
what it shows or whether you like it. There are no right or wrong answers.</li>
</ul>
<table>
<tr><th>drag a box</th><td>moves it; its corners and edges change its size</td></tr>
<tr><th><kbd>Shift</kbd> and drag</th><td>draws a new box inside another one</td></tr>
<tr><th><kbd>Del</kbd></th><td>deletes the chosen box</td></tr>
<tr><th><kbd>Tab</kbd></th><td>goes to the next box</td></tr>
<tr><th>arrow keys</th><td>move the chosen box by one pixel, with <kbd>Shift</kbd> its right and
bottom edge; faster while they are held</td></tr>
<tr><th><kbd>B</kbd></th><td>puts a new box into the middle</td></tr>
<tr><th><kbd>Ctrl</kbd> <kbd>Z</kbd></th><td>takes back the last change on this photograph</td></tr>
<tr><th><kbd>Enter</kbd></th><td>next photograph</td></tr>
</table>
"""

WORK = """<div class="stage" id="stage"><div class="frame" id="frame"></div></div>
<footer class="controls">
<div class="row">
<label class="none"><input type="checkbox" id="none"> No high-quality area</label>
<button id="add" type="button">New box &nbsp;<kbd>B</kbd></button>
<button id="delete" type="button">Delete box &nbsp;<kbd>Del</kbd></button>
<button id="undo" type="button">Undo</button>
<button id="scale" type="button" aria-pressed="false">Full size</button>
<button id="next" type="button" class="primary">Next photograph &nbsp;<kbd>Enter</kbd></button>
</div>
<p id="hint" role="status"></p>
</footer>
"""

STYLE = """.stage { flex: 1; min-height: 0; overflow: auto; display: grid; padding: 12px;
  touch-action: none; user-select: none; cursor: crosshair; }
.frame { position: relative; margin: auto; line-height: 0; }
.frame img { display: block; width: 100%; height: 100%; pointer-events: none; }
.box { position: absolute; border: 2px solid #ffe14d; outline: 1px solid #000;
  box-shadow: inset 0 0 0 1px #000; cursor: move; }
.box:focus, .box.chosen { outline: 1px solid #000; border-color: #fff;
  background: rgb(255 255 255 / 12%); }
.box:focus-visible { outline: 2px solid #000; }
.handle { position: absolute; width: 11px; height: 11px; margin: -6px; background: #fff;
  border: 1px solid #000; display: none; }
.handle::after { content: ""; position: absolute; inset: -8px; }
.chosen .handle { display: block; }
.n, .s { left: 50%; cursor: ns-resize; } .w, .e { top: 50%; cursor: ew-resize; }
.n { top: -1px; } .s { top: calc(100% + 1px); } .w { left: -1px; } .e { left: calc(100% + 1px); }
.nw, .ne { top: -1px; } .sw, .se { top: calc(100% + 1px); }
.nw, .sw { left: -1px; } .ne, .se { left: calc(100% + 1px); }
.nw, .se { cursor: nwse-resize; } .ne, .sw { cursor: nesw-resize; }
.none { display: inline-flex; gap: 8px; align-items: center; min-height: 2.5rem; }
.none input { width: 20px; height: 20px; accent-color: #e8e8e8; }
.none:has(:disabled) { opacity: .6; }
"""
