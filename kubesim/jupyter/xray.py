"""The X-ray, a view of the workbench: the decoded pull secrets of a Pod without passwords, compared with its image.

Only values of `username` and `email` are shown; all others are replaced before anything becomes HTML.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from kubesim.api.objects import Object, name_of, pull_secret_names
from kubesim.api.resources import SECRET
from kubesim.cluster import Cluster
from kubesim.jupyter.markup import visible
from kubesim.lessons.explore.match import Entry, Matching, match
from kubesim.pull.keyring import DATA_KEYS, config_of
from kubesim.why.tell.report import About

# Characters of the base64 that are shown. They decode to 12 bytes: no password, because the entry's name is first.
_BASE64_SHOWN = 16
_MOST_SECRETS = 3
_MOST_ENTRIES = 4
_HIDDEN = "•••"
# The fields of an entry whose values are shown.
_SHOWN_FIELDS = ("username", "email")


def xray(cluster: Cluster, pod: Object, about: About) -> str:
    """The first existing pull secrets of a Pod as HTML; "" if there are none."""
    names = pull_secret_names(pod["spec"])[:_MOST_SECRETS]
    secrets = [cluster.api.find(SECRET, about.namespace, name) for name in names]
    return "".join(_secret(secret, about.image) for secret in secrets if secret)


def _secret(secret: Object, image: str) -> str:
    return (
        f'<div class="ks-inside"><p><b>Secret {_escaped(name_of(secret))}</b></p>{"".join(_parts(secret, image))}</div>'
    )


def _parts(secret: Object, image: str) -> Iterator[str]:
    """The beginning of the base64, the decoded config, and a comparison of each entry; or the reason why not."""
    kind = str(secret.get("type", ""))
    key = DATA_KEYS.get(kind, "")
    blob = str((secret.get("data") or {}).get(key, ""))
    if not blob:
        yield f"<p>Its type is {_escaped(kind)}. The kubelet finds no registry in it.</p>"
        return
    yield f'<pre class="ks-sealed"><code>{_escaped(key)}: {_escaped(blob[:_BASE64_SHOWN])}…</code></pre>'
    try:
        config = config_of(blob)
    except ValueError as error:
        yield f"<p>It can't be read: {_escaped(str(error))}</p>"
        return
    entries = config.get("auths", {}) if isinstance(config, dict) and "auths" in config else config
    decoded = json.dumps(_hidden(config), indent=2, ensure_ascii=False)
    yield f'<pre class="ks-unrolled"><code>{_escaped(decoded)}</code></pre>'
    matching = match(image, [str(entry) for entry in entries][:_MOST_ENTRIES] if isinstance(entries, dict) else [])
    for entry in matching.entries:
        yield _comparison(entry, matching)


def _hidden(value: Any, name: str = "") -> Any:
    """A copy of a Docker config with all values hidden, except strings of the fields in _SHOWN_FIELDS.

    `name` is the key of `value`. Lists are hidden as a whole.
    """
    if isinstance(value, dict):
        return {key: _hidden(inner, key) for key, inner in list(value.items())[:_MOST_ENTRIES]}
    return value if name in _SHOWN_FIELDS and isinstance(value, str) else _HIDDEN


def _comparison(entry: Entry, matching: Matching) -> str:
    """An entry above the image's name, with their common beginning marked, and a verdict beside them."""
    shared = entry.covered or _common_length(entry.text, matching.name)
    verdict = "matches" if entry.turn else f"differs from letter {shared + 1} on" if shared else "doesn't match"
    names = {"entry": entry.text, "image": matching.name}
    rows = "".join(f"<span>{name}</span><code>{_marked(text, shared)}</code>" for name, text in names.items())
    return f'<div class="ks-letters">{rows}<b>{verdict}</b></div>'


def _common_length(text: str, other: str) -> int:
    """The length of the common prefix of two texts."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False)))


def _marked(text: str, shared: int) -> str:
    """A text as HTML with its first `shared` characters marked."""
    return f"<mark>{_escaped(text[:shared])}</mark>{_escaped(text[shared:])}"


def _escaped(text: str) -> str:
    return html.escape(visible(text, keep="\n"))
