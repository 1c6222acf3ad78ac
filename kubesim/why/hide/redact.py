"""The one door through which words of a pasted text go before they are printed: whatever can be a secret is masked.

Names of objects, images and hosts go through it. A message is quoted by allow-list, too (quote.py).

Secrets have known places (flags, headers, keys of a config, the user's part of a URL, a query, the values of a Secret)
and known beginnings. Beyond these, every long word of mixed characters is masked that isn't a digest, a uid or a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

MASK = "masked"
MOST = 10_000
"""Characters of a message that are read."""
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Characters that move a cursor, turn the direction of a text or can't be seen: a name has none of them."""

_WORD = r"""(?>"[^"\n]{0,400}"|'[^'\n]{0,400}'|[^\s"']|["'])+"""
"""A word of the shell, quotes and all. A quote that was read as one end isn't read as the other, too (`?>`)."""
_QUOTE = r"""["'\\]{0,9}"""
_SCALAR = r"""(?:\\+"[^"\n]{0,2000}"|"(?:[^"\\\n]|\\.){0,2000}"|'[^'\n]{0,2000}'|[^\s"']+)"""
"""A value in JSON, in YAML or of a variable."""
_SECRET_KEY = (
    r"(?=[pstaPSTA])(?:password|passwd|passphrase|passcode|pwd|(?<!pull )(?<!pull)secret"
    r"|(?<!anonymous )(?<!oauth )(?<!bearer )token"
    r"|api[-_]?key|access[-_]?key(?:[-_]?id)?|private[-_]?key|account[-_]?key|signature|(?<![a-z])pass"
    r"|(?<![a-z])pw|(?<![a-z/-])auth)"
)
_KEY_MARKS = ("pass", "pwd", "pw", "secret", "token", "key", "signature", "auth")
"""What a text has that one of these keys is in."""
_STRING = (
    r"""\\"(?:[^"\\]|\\\\(?:\\[\s\S]|[^\\])){0,20000}+(?:\\"|\Z)"""  # in a text that is quoted itself
    r"""|\\{2,9}"[^"]{0,20000}+(?:"|\Z)"""  # and that again
    r"""|"(?:[^"\\]|\\[\s\S]){0,20000}+(?:"|\Z)|'[^']{0,20000}+(?:'|\Z)"""
)
"""A text in quotes, whatever is in it; its end may have been cut off."""
_FIRST = r"""(?P<quote>\\*["']?)[^\s}][^{}]{0,400}?[:=](?!\s*\{)"""
"""How the first member of a map begins; what else is in braces, such as a template, isn't read on and on."""
_MEMBERS = rf"""\{{(?=\s*{_FIRST})(?:{_STRING}|\\|[^{{}}"'\\]{{1,20000}}+){{1,2000}}+\}}?"""
"""What JSON, or YAML in one line, has in the braces of a map without maps in it."""
_MIXED_LENGTH = 12
"""Names that a person or Kubernetes gives have capitals, small letters and digits in fewer characters, if at all."""
_DENSE_LENGTH = 26
"""With letters of one case, names are longer: the hashes that Kubernetes and clouds append have up to 25 characters."""
_DENSE_NUMBERS = 3
"""More numbers between the letters than a name has of versions and dates."""
_HOST_FOLLOWS = r"(?!sha\d)(?=[\w.-]+(?::\d+)?(?:/|[\s\"']|\Z))"
"""Behind the @ of a URL; in an image's name, a digest follows it."""
_REGISTRY = (
    r"(?:(?:[\w-]+(?:\.[\w-]+)+|localhost):\d{1,5}/|[\w-]+:\d{1,5}/[^\s@\"']{1,300}@\w+(?![\w.:/-])"
    r"|(?<=/)[\w.-]+:[\w.-]+@(?:x{2,9}|\*{1,9}|\u2026|\.{3})(?![\w.:/-]))"
)
"""A host with its port, as an image's name begins, or the end of such a name: behind the @, a digest was taken out."""
_DOMAIN = re.compile(r"(?:\.[a-z0-9-]{1,63}){1,8}\.[a-z]{2,24}(?![\w.@-])")
"""What follows the first label of a registry's host."""
_HOST = (
    r"(?=(?:[a-z0-9][\w-]{0,62}\.){1,9}[a-z]{2,24}(?![\w@-])|localhost\b|\d{1,3}(?:\.\d{1,3}){3}(?![\w.@-])"
    r"|[\w.-]{1,99}(?::\d{1,5})?/\w)(?![\w.-]{0,99}gserviceaccount\.com)"
)
"""A host behind an @: with a dot, a number, or a path behind it. The accounts of Google's nodes end so, too."""
_PIECE = r"[^\s\"'@]{1,200}"
_BREAK = r"(?:\s{1,80}|[\"'](?=\w))"
"""What parts a password that was broken: spaces, a line's end, or a quote that isn't the last one."""
_NO_PORT = r"(?!(?:\d{1,5}|port|<[^<>\n]{0,40}>|\$\{?\w{1,40}\}?|\*{1,9}|x{1,9})(?:[^\w%@]|\Z))"
"""Behind the colon of an address neither a port follows, nor what stands for one."""
_NO_IMAGE = "".join(
    f"(?<!{scheme})" for scheme in ("docker", "oci", "containerd", "docker-daemon", "docker-pullable", "docker-archive")
)
"""Before "://", no word behind which the name of an image follows."""
_PLAIN = re.compile(r"(?!gl|xox|sk-|ey|hv)[a-z][a-z0-9.]{0,11}(?:-[a-z0-9.]{1,11}){0,5}")
"""Most names of objects: too plain for a secret of any form."""
_PROSE = (
    r"(?!(?:unexpected|Get|Post|Head|failed|invalid|illegal|unable|error|no|not|dial|server|denied|unauthorized)[\s:]"
    r"|[45]\d\d [A-Z][a-z])"
)
"""How runtimes go on after "token: ", as after "https://auth.example/token: 401 Unauthorized"."""
_TOKEN_STARTS = (
    "sha256~|gh[pousr]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|oas|ft|agent|imt|soat|ffct)-|GR1348941|dckr_[a-z]{1,4}_|hv[sb]\\."
    "|xox[a-z]-|pypi-Ag|A[KS]IA(?=[A-Z0-9]{16})|ya29\\.|AIza|eyJ|do[op]_v1_|cmVmdG|AKCp|atlasv1\\."
    "|(?<![A-Za-z0-9])(?:eyA|ewo|sk-|SG\\.|npm_|hf_)(?=[\\w-]{16})"
)


class Form(NamedTuple):
    """A place where secrets stand: what is there before one is replaced, and what with."""

    pattern: str  # compiled when it is first used: all of them take 10 ms
    instead: str | Callable[[re.Match[str]], str]
    marks: tuple[str, ...] = ("",)
    """A text without any of them, in lower case, has nothing of this form: that is seen much faster.

    Each is a plain part of what the pattern begins with, never more: one that asks for more lets secrets pass.
    """
    flags: re.RegexFlag = re.NOFLAG


def redact(text: str) -> str:
    """`text` with everything masked that is, or may be, a secret."""
    if _PLAIN.fullmatch(text):
        return text
    lower = text.lower()
    marks = {mark for mark in MARKS if mark in lower}
    for form in FORMS:
        if not marks.isdisjoint(form.marks):
            text = re.sub(form.pattern, form.instead, text, flags=form.flags)
    return text


def printable(name: str) -> str:
    """A name that was typed or pasted, as an error repeats it: in one line, without secrets."""
    return redact(UNPRINTABLE.sub(" ", name))


def _mask_values(block: re.Match[str]) -> str:
    """The lines below `data:` of a Secret: of an entry its key alone, of the lines below that nothing."""
    entry = rf"(?m)^({block['indent']}[^\s:][^:\n]*:)?[^\n]+$"
    return block["head"] + re.sub(entry, rf"\1 {MASK}", block["values"])


def _mask_pairs(block: re.Match[str]) -> str:
    """The same in one line."""
    return block["head"] + re.sub(r"(\S+:\s+)\S+", rf"\1{MASK}", block["values"])


def _mask_query(parameter: re.Match[str]) -> str:
    harmless = parameter["name"].lower() in ("scope", "service", "ns", "tag", "digest", "client_id")
    return parameter[0] if harmless else f"{parameter['before']}{MASK}"


def _mask_long(run: re.Match[str]) -> str:
    """A long word, masked if it is as mixed as only secrets are."""
    word = run[0]
    # A digest, a revision, a uid, or a name that Kubernetes made of one
    if re.fullmatch(r"[0-9a-f-]+|[0-9A-F-]+|[0-9a-f]{40,}[a-z0-9]{5}", word):
        return word
    before = run.string[max(0, run.start() - 200) : run.start()]
    if re.search(r"(/[a-z0-9._-]+:|/manifests/|/blobs/|sha\d+:)$", before):  # a tag
        return word
    if re.fullmatch("[a-z0-9-]+", word) and _DOMAIN.match(run.string, run.end()):  # a customer's registry in a cloud
        return word
    for part in re.split("[-_+=]", word):
        kinds = [kind for kind in ("[a-z]", "[A-Z]", "[0-9]") if re.search(kind, part)]
        is_mixed = len(kinds) == 3 and len(part) >= _MIXED_LENGTH
        is_dense = (
            not re.fullmatch("[0-9a-f]+", part)
            and len(kinds) == 2
            and kinds[1] == "[0-9]"
            and len(part) >= _DENSE_LENGTH
            and len(re.findall(r"\d+", part)) > _DENSE_NUMBERS
        )
        if is_mixed or is_dense:
            return MASK
    return word


def _any_case(pattern: str, instead: str | Callable[[re.Match[str]], str], *marks: str) -> Form:
    """A form whose capitals and small letters are the same."""
    return Form(pattern, instead, marks or ("",), re.IGNORECASE)


FORMS = (
    _any_case(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END[A-Z ]*-----|\Z)", MASK, "-----begin"),
    # The values of a Secret, in YAML and in JSON
    _any_case(
        r"(?P<head>(?:string|binary)?data:[ \t]*\n)(?P<values>(?P<indent>[ \t]+)[^\n]*(?:\n(?P=indent)[^\n]*)*)",
        _mask_values,
        "data:",
    ),
    _any_case(r"(?P<head>data:\s+)(?P<values>(?:[\w.-]+:\s+\S+(?:\s+|\Z))+)", _mask_pairs, "data:"),
    _any_case(
        rf"(data{_QUOTE}\s*:\s*){_MEMBERS}",
        rf"\1{{\g<quote>{MASK}\g<quote>: \g<quote>{MASK}\g<quote>}}",  # as quoted as it was: it stays JSON
        "data",
    ),
    # The command line
    _any_case(r"(--from-literal[=\s]\s*[\w.-]+=)" + _WORD, rf"\1{MASK}", "--from-literal"),
    _any_case(
        rf"((?:echo|printf)\s+(?:-\w+\s+)?(?:[\"']?%\S{{1,9}}\s+)?)(?:{_WORD}|[^\s|]+)(?=\s*\|)",
        rf"\1{MASK}",
        *("echo", "printf"),
    ),
    _any_case(r"(<<<\s*)" + _WORD, rf"\1{MASK}", "<<<"),
    _any_case(
        r"(--[a-z-]{0,40}(?:password|passwd|passphrase|creds?|token|secret|auth|api-?key|access-key)(?![\w-])(?:=|\s+))"
        + _WORD,
        rf"\1{MASK}",
        "--",
    ),
    # What follows -p is no port; and a name that ends in -p, with two spaces after it, is a column of a table
    Form(r"(-p(?:=|\s+))(?!\d{1,5}(?::\d{1,5})?(?:\s|\Z))(?!\s)(?<!\w-p\s\s)" + _WORD, rf"\1{MASK}"),
    # A flag and its value as neighbors in a list of words
    _any_case(
        r"([\"'](?:-p|--[a-z-]{0,40}(?:password|token|creds?))[\"'],\s{0,9})" + _SCALAR, rf"\1{MASK}", "-p", "--"
    ),
    # After these words, digits are a password, too, and it may stand right behind the -p
    Form(r"((?:login|sshpass)\b[^\n|;&]{0,300}?\s-p(?:=|\s+))(?=\d)" + _WORD, rf"\1{MASK}", ("login", "sshpass")),
    Form(r"((?:login|sshpass)\b[^\n|;&]{0,300}?\s-p)(?=[^\s=])" + _WORD, rf"\1 {MASK}", ("login", "sshpass")),
    _any_case(r"((?:-u|--user(?:name)?)(?:=|\s+))(?=[\"']?[^\s:\"']{0,256}:)" + _WORD, rf"\1{MASK}"),
    Form(r"(\s-u)(?=[^\s:=]+:)" + _WORD, rf"\1 {MASK}"),
    _any_case(r"(login\s+\S+\s+password\s+)\S+", rf"\1{MASK}", "login"),  # .netrc
    # Headers
    _any_case(
        rf"((?:x-registry-(?:auth|config)|(?<!require )(?<!require\n)(?:proxy-)?authorization"
        rf"|(?:private|job|deploy)-token|x-jfrog-art-api|(?:set-)?cookie|x-[\w-]{{0,60}}(?:token|key)){_QUOTE}\s*[:=]"
        rf"\s*{_QUOTE}(?:(?:basic|bearer|token|negotiate|ntlm|apikey|jwt)\s+)?)"
        r"[^\s\"']+",
        rf"\1{MASK}",
        *("authorization", "-token", "x-", "cookie"),
    ),
    _any_case(
        r"((?:basic|bearer)\s+)(?!auth(?:ent|oriz|\s)|realm|token)[\w.~+/=:-]{8,}", rf"\1{MASK}", "basic", "bearer"
    ),
    # An address with a space, a line's end or a quote in the password, and one of several @
    _any_case(
        rf"((?:image|reference|ref|name)\s\\{{0,3}}\"|lookup\s)(?:{_PIECE}{_BREAK}){{0,2}}(?:{_PIECE}@){{1,9}}{_HOST}",
        rf"\1{MASK}@",
        "@",
    ),
    _any_case(
        rf"(?:(?<=[/\s\"'=])|\A)(?!{_REGISTRY})[a-z][\w.+$-]{{0,63}}:{_NO_PORT}(?!//)[^\s\"'@/]{{1,200}}{_BREAK}"
        rf"[^\s\"'@:/]{{1,200}}@{_HOST}(?=[\w.:-]{{1,120}}/)",
        f"{MASK}@",
        "@",
    ),
    _any_case(r"(lookup\s)[^\s\"'@]{1,400}@(?=[\w\[])", rf"\1{MASK}@", "lookup"),
    # The user's part of a URL, with a password or a token; in an image's name, a digest follows the @
    # The password may have "/" and "@" in it: it ends at the last @ that a host follows.
    _any_case(rf"(://)[^\s/@\"':]{{0,200}}:[^\s\"']{{0,2000}}@{_HOST_FOLLOWS}", rf"\1{MASK}@", "@"),
    _any_case(
        rf"(?:(?<=[/\s@:\"'=])|\A)(?!{_REGISTRY})[^/\s@:\"'=]{{1,200}}:(?!//)[^\s\"']{{1,400}}@{_HOST_FOLLOWS}",
        f"{MASK}@",
        "@",
    ),
    _any_case(r"(://)[^\s/@\"':]{0,200}:[^\s@\"']{0,2000}@(?!sha\d)(?:[^\s@/\"']{0,200}@){0,9}", rf"\1{MASK}@", "@"),
    _any_case(r"(://)[^\s/@\"']+@(?!sha\d)", rf"\1{MASK}@", "@"),
    _any_case(
        rf"(?:(?<=[/\s@:\"'=])|\A)(?!{_REGISTRY})[^/\s@:\"'=]{{1,200}}:[^/\s@\"']{{1,400}}@(?!sha\d|<)", f"{MASK}@", "@"
    ),
    _any_case(
        r"((?:://|%3a%2f%2f))[^\s/@\"']{1,2000}?%40(?!sha\d)", rf"\1{MASK}%40", "%40"
    ),  # the same, encoded for a URL
    # A token instead of a user and a password, and an address that was cut off before its @
    _any_case(rf"(?<![\w/.@+%-])(?:[^\s/\"'@=]{{1,400}}@){{1,9}}{_HOST}", f"{MASK}@", "@"),
    _any_case(
        rf"({_NO_IMAGE}://)[^\s/@:\"'\[\]<>{{}}$]{{1,200}}:(?!:){_NO_PORT}[^\s\"'\\@]{{0,400}}[^\s\"'\\@:;,.)\]]",
        rf"\1{MASK}",
        "://",
    ),
    _any_case(rf"(lookup\s)[^\s\"'@:]{{1,200}}:{_NO_PORT}[^\s\"':]{{1,200}}", rf"\1{MASK}", "lookup"),
    _any_case(r"(?P<before>[?&](?P<name>[\w.%-]+)=)[^\s\"'\\]+?(?=&[\w.%-]+=|[\s\"'\\]|\Z)", _mask_query, "?", "&"),
    # Keys of a config, of YAML, of the environment; before these, what they would take the wrong part of
    _any_case(r"(base64encode\(\s{0,9}[\"'])[^\"']+", rf"\1{MASK}", "base64encode("),
    _any_case(
        rf"(name{_QUOTE}:\s{{0,9}}{_QUOTE}[\w.-]{{0,60}}{_SECRET_KEY}[\w.-]{{0,60}}{_QUOTE},?\s{{0,80}}"
        rf"{_QUOTE}value{_QUOTE}:\s{{0,9}}){_SCALAR}",
        rf"\1{MASK}",
        "name",
    ),
    _any_case(
        rf"((?:\A|(?<=\n))[ \t-]*+{_QUOTE}[\w.-]*{_SECRET_KEY}{_QUOTE}[ \t]*:[ \t]+)(?![|>]){_PROSE}[^\n]+",
        rf"\1{MASK}",
        *_KEY_MARKS,
    ),
    _any_case(rf"({_SECRET_KEY}{_QUOTE}:[ \t]*[|>][-+]?[ \t]*\n[ \t]*)[^\n]+", rf"\1{MASK}", *_KEY_MARKS),
    _any_case(rf"({_SECRET_KEY}{_QUOTE}\s{{0,3}}(?:=>|[:=])\s{{0,40}}){_PROSE}{_SCALAR}", rf"\1{MASK}", *_KEY_MARKS),
    _any_case(
        r"((?:creds|credentials?|login)\s{0,3}[:=]\s{0,3})(?!https?:)[^\s\"':]{1,256}:[^\s\"']+",
        rf"\1{MASK}",
        "cred",
        "login",
    ),
    _any_case(r"((?:credentials?|key|sig)=)[^&\s\"']+", rf"\1{MASK}", "key=", "credential", "sig="),
    # As others write them: an element of XML, JSON in a URL, a variable in Go's words, a table, Terraform, ECR's user
    _any_case(r"(<(?:password|passwd|token|secret|auth)>)[^<]+", rf"\1{MASK}", *(f"<{key}" for key in _KEY_MARKS)),
    _any_case(r"(%22(?:password|token|secret|auth)%22%3a(?:%20)*%22)[^%\s]+", rf"\1{MASK}", "%22"),
    _any_case(r"(username,\s?password[^\n]{0,80}\n[^\n,]{0,200},)[^\n\"']+", rf"\1{MASK}", "username,"),
    Form(
        r"((?:AWS|_json_key(?:_base64)?|oauth2accesstoken):)(?!:)[^\s\"']+",
        rf"\1{MASK}",
        ("aws:", "_json_key", "oauth2accesstoken:"),
    ),
    # What it looks like
    Form(rf"(?:{_TOKEN_STARTS})[^\s\"'<>\\]{{4,}}(?:[^\S\n]*\n\s*+[\w+/]{{16,}}={{0,2}})*", MASK),
    Form(r"[A-Za-z0-9+_=-]{16,}", _mask_long),
)
MARKS = frozenset(mark for form in FORMS for mark in form.marks)
