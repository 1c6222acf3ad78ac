"""Takes passwords out of command lines that are kept: in the steps of a session, and in what reports a bug."""

from __future__ import annotations

import re

MASK = "***"
_VALUE = r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|[^\s'\"&|;]+)"
_WORDS = rf"{_VALUE}++(?:[ \t]+{_VALUE}++){{0,99}}+"
_SECRET_WORD = "passw|pwd|token|creds|auth|secret|api-?key|dockerc|(?<![a-z])(?:pass|pw)(?![a-z])"
# Bounded, so that no line takes long.
_SECRET_NAME = rf"(?!\w*PullSecrets)[\w.-]{{0,40}}(?:{_SECRET_WORD})[\w.-]{{0,40}}"
_ENCODES = r"\b(?:base64|password-stdin)\b"
_PIPED = rf"(?=\s{{0,9}}(?:\|[^|&;\n]{{0,200}}){{1,3}}{_ENCODES})"  # to the stdin of a command that encodes or logs in
_ARGUMENT = r"(?:'[^']*'|\"(?:[^\"\\]|\\.)*\"|[^\s'\"&|;<>]+)"
_ARGUMENTS = rf"{_ARGUMENT}++(?:[ \t]+{_ARGUMENT}++){{0,99}}+"
_KEPT = rf"(?=\s{{0,9}}>>?[ \t]{{0,9}}[\w./-]{{0,40}}?(?<!\w){_SECRET_NAME})"  # in a file with such a name
_HERE = r"[^\n]{0,80}<<-?[ \t]*['\"]?(?P<end>\w{1,40})\b[^\n]{0,80}\n"
_UP_TO_ITS_END = r"(?s:.{1,999}?)(?=\n\t*(?P=end)\b)"

_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # --from-literal=password=sesame
        rf"(--from-literal[= ]['\"]?[\w.-]+=){_VALUE}",
        # --docker-password=sesame, --creds me:sesame
        rf"(--(?!password-stdin){_SECRET_NAME}[= ]\s*){_VALUE}",
        # docker login -u me -p sesame
        rf"(\blogin\b.{{0,80}}?\s-p[= ]?\s*){_VALUE}",
        # curl -u me:sesame
        rf"(\bcurl\s.{{0,80}}?(?:-u|--user)[= ]?\s*['\"]?[^\s:'\"]{{1,80}}:){_VALUE}",
        # PASSWORD=sesame, password: sesame, "auth": "c2VzYW1l"
        rf"(\b{_SECRET_NAME}['\"]?(?:=|:[ \t]*)(?![\[{{])){_VALUE}",
        # https://me:sesame@host
        r"(//)[^/\s@]+@",
        # echo -n 'se|same' | base64
        rf"(\b(?:echo|printf)(?:\s+-\w+)*\s+){_WORDS}{_PIPED}",
        # echo sesame > password.txt
        rf"(\b(?:echo|printf)(?:\s+-\w+)*\s+){_ARGUMENTS}{_KEPT}",
        # docker login -u me --password-stdin <<EOF, and its lines
        rf"({_ENCODES}{_HERE}){_UP_TO_ITS_END}",
        # base64 -d <<< c2VzYW1l
        rf"(<<<\s*){_VALUE}",
        # a token by itself: a long word of capitals, small letters and digits
        r"((?-i:(?<![\w/:.-])(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*\d)))[\w+/=-]{16,}",
    )
)
"""What is secret, by an example; the group stays."""


def hide_passwords(text: str) -> str:
    """The text with a mask for each value of an option, a variable or a field whose name is that of something secret.

    What is written to the stdin of `base64` or `docker login` is one as well, and so is every long word of capitals,
    small letters and digits. Names of objects and images stay.
    """
    for pattern in _SECRETS:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text
