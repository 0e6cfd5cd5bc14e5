"""HTML that the pages of all studies share; texts for `str.format`."""

CONTENT_SECURITY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)

HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="kiqa {version}">
<meta http-equiv="Content-Security-Policy"
 content="{policy}">
<title>{title}</title>
<style>
{style}</style>
</head>
<body class="{kind}">
<noscript><p class="notice">This study needs JavaScript. Please allow it for this file.</p>
</noscript>
<div id="notice" class="notice" role="alert" hidden></div>
<main id="start" class="sheet">
<h1>{title}</h1>
{instructions}
<h2>Your answers</h2>
<p>Nothing is sent anywhere. Your answers stay in this browser, so you can close the page and go on
later on this computer, as the same participant. At the end, and whenever you pause, you save them
as a file.</p>
{note}
<form id="enter">
<label for="who">Participant (name or code)</label>
<input id="who" name="who" required maxlength="64" autocomplete="off" spellcheck="false">
<button id="go" class="primary" disabled>Loading the pictures &hellip;</button>
</form>
<p id="found" class="soft" role="status"></p>
<p id="zoom" class="warn" hidden></p>
</main>
<div id="work" hidden>
<header class="bar">
<span id="count" role="status"></span>
<progress id="progress" value="0" max="1" aria-label="Answered"></progress>
<button id="back" type="button">&larr; Back</button>
<button id="forward" type="button">Forward &rarr;</button>
<span class="space"></span>
<span id="name"></span>
<button id="pause" type="button">Pause and save</button>
</header>
{work}
</div>
<main id="end" class="sheet" hidden>
<h1 id="state" tabindex="-1"></h1>
<p id="done"></p>
<p class="row"><button id="save" type="button" class="primary">Save my answers (CSV)</button>
<button id="resume" type="button">Go on</button></p>
<p id="saved" role="status"></p>
<details><summary>The answers as text, should saving not work</summary>
<p>Mark all, copy, and paste into an e-mail or an empty text file.</p>
<textarea id="csv" rows="12" readonly spellcheck="false" aria-label="The answers as CSV"></textarea>
</details>
<p class="row last"><button id="leave" type="button">To the start screen</button>
<button id="forget" type="button">Delete my answers from this browser</button></p>
</main>
"""

CONTENT = """<script type="application/json" id="study">{content}</script>
"""

CLOSE = """<script>
(() => {{
"use strict";
{script}}})();
</script>
</body>
</html>
"""
