"""The pictures in a widget's HTML."""

import base64
import html
import re
from xml.etree import ElementTree

# The namespace of SVG elements, as ElementTree writes it before their names.
SVG = "{http://www.w3.org/2000/svg}"


def pictures(page):
    """The alternative text and the parsed SVG of each image in a page of HTML."""
    images = re.findall(r'<img class="ks-drawn" alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)">', page)
    return [(html.unescape(alt), ElementTree.fromstring(base64.b64decode(code))) for alt, code in images]
