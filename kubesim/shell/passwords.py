"""Masks passwords in command lines that are kept: the steps of a session, and bug reports."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

MASK = "***"
# Pattern of a shell word with its quotes.
_WORD = r"""(?>'[^'\n]*'|"(?:[^"\\\n]|\\.)*"|\\.|[^\s'"\\&|;<>()])+"""
_WORDS = rf"{_WORD}(?:[ \t]+{_WORD}){{0,99}}+"
# Pattern of a value in YAML or JSON, or of a variable.
_SCALAR = r"""(?:'[^'\n]*'|"(?:[^"\\\n]|\\.)*"|[^\s'"&|;]+)"""
_SECRET_WORD = "passw|pwd|token|creds|auth|secret|api-?key|dockerc|(?:(?<![a-z])pass|pw)(?![a-z])"
# The repetitions in these patterns are bounded, so that no line takes long to match.
_SECRET_NAME = rf"(?!\w*PullSecrets)[\w.-]{{0,40}}(?:{_SECRET_WORD})[\w.-]{{0,40}}"
_SECRET_FLAG = rf"--(?!password-stdin|from-file){_SECRET_NAME}"
_ENCODES = r"\b(?:base64|password-stdin)\b"
_PIPED = rf"(?=\s{{0,9}}(?:\|[^|&;\n]{{0,200}}){{1,3}}{_ENCODES})"  # piped to base64 or a login
_INTO_FILE = rf">>?[ \t]{{0,9}}[\w./-]{{0,40}}?(?<!\w){_SECRET_NAME}"  # a file whose name is a secret's
_HERE = r"<<-?[ \t]*['\"]?(?P<end>\w{1,40})\b"
_UP_TO_ITS_END = r"(?s:.{1,999}?)(?=\n\t*(?P=end)\b)"
_USER = r"(?:-u|--user(?:name)?)[= ]?\s*"
# Pattern of a variable that is used as a secret.
_USED = re.compile(
    rf"(?:{_SECRET_FLAG}[= ]\s*|\blogin\b.{{0,80}}?\s-p[= ]?\s*|--from-literal[= ]\s*['\"]?[\w.-]+="
    rf"|{_USER}[^\s:]{{1,80}}:|\b(?:echo|printf)\b(?=[^|\n]{{0,80}}\|[^\n]{{0,80}}{_ENCODES})[^|\n$]{{0,40}})['\"]?\$\{{?(\w+)"
)


class _Form(NamedTuple):
    """A pattern for text that contains a secret, and its replacement: by default the first group and the mask."""

    pattern: re.Pattern[str]
    instead: str | Callable[[re.Match[str]], str]


def _form(pattern: str, instead: str | Callable[[re.Match[str]], str] = rf"\g<1>{MASK}") -> _Form:
    return _Form(re.compile(pattern, re.IGNORECASE), instead)


def _mask_lines(block: re.Match[str]) -> str:
    """Mask the lines below `data:` of a Secret. The keys of entries stay."""
    entry = rf"(?m)^({block['indent']}[^\s:][^:\n]*:)?[^\n]+$"
    return block["head"] + re.sub(entry, rf"\1 {MASK}", block["values"])


def _mask_patch(operation: re.Match[str]) -> str:
    """Mask the value in a JSON patch operation on a Secret's data."""
    return re.sub(rf"(['\"]?value['\"]?\s*:\s*){_SCALAR}", rf"\g<1>{MASK}", operation[0])


# The forms of secrets, each with an example above it. The first group is kept.
_FORMS = (
    # What sed writes: s/password: .*/password: sesame/
    _form(rf"(\bs[/|#,][^\n'\"]{{0,80}}?{_SECRET_NAME}[^\n'\"]{{0,80}}?[/|#,])[^\n'\"]+"),
    # A whole argument in quotes: "--docker-password=open sesame", --from-literal='key=open sesame'
    _form(rf"(\"(?:--)?{_SECRET_NAME}=)(?:[^\"\\\n]|\\.)+"),
    _form(rf"('(?:--)?{_SECRET_NAME}=)[^'\n]+"),
    _form(r"(--from-literal[= ]\s*\"[\w.-]+=)(?:[^\"\\\n]|\\.)+"),
    _form(r"(--from-literal[= ]\s*'[\w.-]+=)[^'\n]+"),
    # --from-literal=password=sesame
    _form(rf"(--from-literal[= ]\s*[\w.-]+=)(?!\*){_WORD}"),
    # --docker-password=sesame, --creds me:sesame
    _form(rf"({_SECRET_FLAG}[= ]\s*){_WORD}"),
    # docker login -u me -p sesame, sshpass -p sesame
    _form(rf"(\b(?:login|sshpass)\b.{{0,80}}?\s['\"]?-p['\"]?[= ]?\s*){_WORD}"),
    _form(r"(\bhtpasswd\s+-\w{0,9}b\w{0,9}\s+)[^\n;&|]+"),
    # curl -u me:sesame, ctr images pull --user "me:open sesame"
    _form(rf"({_USER}\"[^\s:'\"]{{1,80}}:)(?:[^\"\\\n]|\\.)+"),
    _form(rf"({_USER}'[^\s:'\"]{{1,80}}:)[^'\n]+"),
    _form(rf"(\s{_USER}(?!\S*//)(?!\d+:\d+(?:\s|\Z))[^\s:'\"]{{1,80}}:){_WORD}"),
    # -H "Authorization: Bearer sesame", -H 'X-Registry-Auth: sesame'
    _form(
        r"(\b(?:(?:proxy-)?authorization|cookie|x-[\w-]{1,60}|[\w-]{0,40}-token)['\"]?\s?:\s{0,9})"
        r"(?:(?:basic|bearer|token|negotiate)\s+)?[^\s'\"]+"
    ),
    _form(r"(\b(?:basic|bearer)\s+)(?!auth|realm|token)[\w.~+/=:-]{6,}"),
    # The values of a Secret, in YAML and in JSON, and those of a patch
    _form(
        r"(?P<head>\b(?:string|binary)?data:[ \t]*\n)"
        r"(?P<values>(?P<indent>[ \t]+)[^\n]*(?:\n(?:(?P=indent)[^\n]*|(?=\n)))*)",
        _mask_lines,
    ),
    _form(r"(\b(?:string|binary)?data\\?['\"]?\s?:\s{0,9})\{[^{}\n]{1,9999}\}?", rf"\g<1>{{{MASK}}}"),
    _form(r"\{[^{}\n]{0,200}/(?:string)?data[^{}\n]{0,9999}\}", _mask_patch),
    # PASSWORD=sesame, password: sesame, "auth": "c2VzYW1l"; P=sesame
    _form(rf"(\b{_SECRET_NAME}['\"]?=){_WORD}"),
    _form(rf"(\b{_SECRET_NAME}['\"]?:[ \t]*(?![\[{{])){_SCALAR}"),
    _form(rf"((?:\A|(?<=[\s;&|(]))(?:export[ \t]+)?(?-i:P[A-Z]?)=){_WORD}"),
    # https://me:sesame@host
    _form(r"(//)[^\s/@:'\"]{1,200}:[^\s'\"]{1,400}@(?=\w)"),
    _form(r"(//)[^/\s@]+@"),
    # echo -n 'se|same' | base64
    _form(rf"(\b(?:echo|printf)(?:\s+-\w+)*\s+){_WORDS}{_PIPED}"),
    # echo sesame > password.txt
    _form(rf"(\b(?:echo|printf)(?:\s+-\w+)*\s+){_WORDS}(?=\s{{0,9}}{_INTO_FILE})"),
    # docker login -u me --password-stdin <<EOF, and its lines; cat <<EOF > token, and cat > token <<EOF
    _form(rf"({_ENCODES}[^\n]{{0,80}}{_HERE}[^\n]{{0,80}}\n){_UP_TO_ITS_END}"),
    _form(rf"({_HERE}[^\n]{{0,80}}{_INTO_FILE}[^\n]{{0,80}}\n){_UP_TO_ITS_END}"),
    _form(rf"({_INTO_FILE}(?<!\.yaml)(?<!\.yml)[ \t]{{1,9}}{_HERE}[^\n]{{0,80}}\n){_UP_TO_ITS_END}"),
    # base64 -d <<< c2VzYW1l
    _form(rf"(<<<\s*){_WORD}"),
    # a token by itself: a long word of capitals, small letters and digits
    _form(r"((?-i:(?<![\w/:.-])(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])(?=[\w+/=-]*\d)))[\w+/=-]{16,}"),
)


def hide_passwords(text: str) -> str:
    """`text` with secrets masked.

    Secrets are: values of options, variables and fields with a secret's name; the stdin of `base64` and `docker login`;
    the values of variables that are used as passwords; all of a Secret's values; and each long word with capitals,
    small letters and digits, as tokens have. Names of objects and images stay.
    """
    for name in sorted(set(_USED.findall(text))):
        text = re.sub(rf"(\b{name}=){_WORD}", rf"\g<1>{MASK}", text)
    for form in _FORMS:
        text = form.pattern.sub(form.instead, text)
    return text
