"""The pictures of a page."""

import base64
import html
import re
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def pictures(page):
    """Each image of the page: its text, and the SVG that it holds, parsed."""
    images = re.findall(r'<img class="ks-drawn" alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)">', page)
    return [(html.unescape(alt), ElementTree.fromstring(base64.b64decode(code))) for alt, code in images]
