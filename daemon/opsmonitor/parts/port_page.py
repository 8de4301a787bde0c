"""Show a report of ports as a page of its own: one file, searchable, safe whatever it shows.

Every value is escaped text of a cell, never part of a script; the page's policy lets only the one
style and the one script run that are written here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:15px/1.45 system-ui,sans-serif;margin:1rem auto;max-width:75rem;padding:0 .75rem}
h1{font-size:1.35rem;margin:.2rem 0}p{margin:.3rem 0}
form{display:flex;flex-wrap:wrap;gap:.6rem;margin:.8rem 0}
input{font:inherit;padding:.4rem .6rem;border:1px solid var(--line);border-radius:.4rem}
input[type=search]{flex:1 1 14rem}input[type=number]{width:7rem}
div{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line)}
td.n{text-align:right;font-variant-numeric:tabular-nums}code{overflow-wrap:anywhere}
.tag{background:var(--soft);border-radius:.3rem;padding:0 .35rem;font-size:.85em}
tr[hidden]{display:none}
"""
_SCRIPT: Final = """
const rows = [...document.querySelectorAll("tbody tr")];
const find = document.getElementById("find"), port = document.getElementById("port");
const shown = document.getElementById("shown"), free = document.getElementById("free");
const texts = rows.map((row) => row.textContent.toLowerCase());
function search() {
  const words = find.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let count = 0;
  rows.forEach((row, at) => {
    row.hidden = !words.every((word) => texts[at].includes(word));
    count += !row.hidden;
  });
  shown.textContent = count + " of " + rows.length + " shown";
}
function ask() {
  const used = rows.filter((row) => row.dataset.port === String(Number(port.value)));
  free.textContent = port.value === "" ? "" : used.length ? "in use" : "free";
}
find.addEventListener("input", search);
port.addEventListener("input", ask);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
search();
"""


def _hash(text: str) -> str:
    """Return how a policy names a script or a style."""
    return "'sha256-" + b64encode(sha256(text.encode()).digest()).decode() + "'"


POLICY: Final = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)};"
    " base-uri 'none'; form-action 'none'"
)
"""What a browser may do with the page."""
_HEADS: Final = ("Port", "Protocol", "Addresses", "Process", "User", "Container", "Command")


def port_page(report: Mapping[str, Any]) -> str:
    """Return the page."""
    return "".join(_pieces(report))


def _pieces(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the page piece by piece."""
    title = f"Ports of {_text(report['host'])}"
    local = report["ip_local_port_range"]
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{title}</h1><p>As of {_text(report['generated_at'])}. Ports {local['low']} to "
        f"{local['high']} are given to whoever asks for any. {_containers(report['docker'])}</p>"
        '<form role="search"><input type="search" id="find" placeholder="Find a port, a process or'
        ' a container" aria-label="Find" autocomplete="off">'
        '<label>Is port <input type="number" id="port" min="1" max="65535"> free? '
        '<output id="free" for="port"></output></label></form>'
        '<p><output id="shown"></output></p><div><table><thead><tr>'
    )
    yield "".join(f'<th scope="col">{head}</th>' for head in _HEADS)
    yield "</tr></thead><tbody>\n"
    for row in report["ports"]:
        yield _row(row)
    yield f"</tbody></table></div><script>{_SCRIPT}</script></body></html>\n"


def _row(row: Mapping[str, Any]) -> str:
    """Return one row."""
    tags = [
        tag
        for tag, is_set in (
            ("this machine only", row["is_loopback_only"]),
            ("by network rules only", row["status"] == "nat"),
            ("chosen by the system", row["is_ephemeral"]),
        )
        if is_set
    ]
    process = row["process"] if row["pid"] is None else f"{row['process']} ({row['pid']})"
    container = row["docker_container_name"] or row["docker_container_id"]
    spec = row["docker_port_spec"]
    cells = (
        f"{_text(row['proto'])}",
        f"{_text(', '.join(row['addresses']))}"
        + "".join(f' <span class="tag">{tag}</span>' for tag in tags),
        _text(process),
        _text(row["user"]),
        _text(container) + (f"<br><code>{_text(spec)}</code>" if spec else ""),
        f"<code>{_text(row['cmdline'])}</code>",
    )
    body = "".join(f"<td>{cell}</td>" for cell in cells)
    port = int(row["port"])
    return f'<tr data-port="{port}"><td class="n">{port}</td>{body}</tr>\n'


def _containers(docker: Mapping[str, Any]) -> str:
    """Say what is known of containers."""
    if docker["available"]:
        return (
            f"{int(docker['containers_with_published_ports'])} of "
            f"{int(docker['containers_total'])} containers publish ports."
        )
    if docker["error"]:
        return f"<strong>Containers could not be asked: {_text(docker['error'])}.</strong>"
    return "No container engine was found."


def _text(value: object) -> str:
    """Return a value as text of the page."""
    return "" if value is None else escape(str(value))
