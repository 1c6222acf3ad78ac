"""Redaction: masks everything in a text that can be a secret. All pasted words go through `redact` before printing.

A message is quoted by allow-list in addition (quote.py); names of objects, images and hosts have redaction alone.

FORMS is the table of known places (flags, headers, keys of a config, the user's part of a URL, a query, the values of
a Secret) and known beginnings of secrets. Its last row masks long words of mixed characters that are no digest, uid or
tag. Repeats in the patterns are bounded, because a pasted text is an attacker's: none may take quadratic time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

MASK = "masked"
# The number of characters read of a message; the rest is dropped.
MOST = 10_000
# Control characters, marks of text direction, invisible characters. No name has them, and they could hide a secret.
UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

# A word of the shell with its quotes. The atomic group (`?>`) keeps an opening quote from matching as a plain one.
_WORD = r"""(?>"[^"\n]{0,400}"|'[^'\n]{0,400}'|[^\s"']|["'])+"""
_QUOTE = r"""["'\\]{0,9}"""
# A value in JSON, in YAML or of an environment variable.
_SCALAR = r"""(?:\\+"[^"\n]{0,2000}"|"(?:[^"\\\n]|\\.){0,2000}"|'[^'\n]{0,2000}'|[^\s"']+)"""
_SECRET_KEY = (
    r"(?=[pstaPSTA])(?:password|passwd|passphrase|passcode|pwd|(?<!pull )(?<!pull)secret"
    r"|(?<!anonymous )(?<!oauth )(?<!bearer )token"
    r"|api[-_]?key|access[-_]?key(?:[-_]?id)?|private[-_]?key|account[-_]?key|signature|(?<![a-z])pass"
    r"|(?<![a-z])pw|(?<![a-z/-])auth)"
)
# The marks (see Form) of the forms with _SECRET_KEY: every such key contains one of these.
_KEY_MARKS = ("pass", "pwd", "pw", "secret", "token", "key", "signature", "auth")
# A quoted string with any content. Its end may be missing, because messages are cut off.
_STRING = (
    r"""\\"(?:[^"\\]|\\\\(?:\\[\s\S]|[^\\])){0,20000}+(?:\\"|\Z)"""  # inside a quoted text
    r"""|\\{2,9}"[^"]{0,20000}+(?:"|\Z)"""  # inside a text quoted twice
    r"""|"(?:[^"\\]|\\[\s\S]){0,20000}+(?:"|\Z)|'[^']{0,20000}+(?:'|\Z)"""
)
# The beginning of a map's first member. Without it as a lookahead, _MEMBERS would scan templates, too.
_FIRST_MEMBER = r"""(?P<quote>\\*["']?)[^\s}][^{}]{0,400}?[:=](?!\s*\{)"""
# A map without inner maps, in JSON or in YAML's flow style.
_MEMBERS = rf"""\{{(?=\s*{_FIRST_MEMBER})(?:{_STRING}|\\|[^{{}}"'\\]{{1,20000}}+){{1,2000}}+\}}?"""
# The least length of a secret with capitals, small letters and digits. Names that mix all three are shorter.
_MIXED_LENGTH = 12
# The least length of a secret with digits and letters of one case: hashes in names have up to 25 characters.
_DENSE_LENGTH = 26
# The largest count of numbers between letters in a name, as from versions and dates; such a secret has more.
_DENSE_NUMBERS = 3
# Lookahead behind an @: a host follows, as in a URL, and no digest, as in an image's name.
_HOST_FOLLOWS = r"(?!sha\d)(?=[\w.-]+(?::\d+)?(?:/|[\s\"']|\Z))"
# Text with : and @ that is no user and password: host and port of an image, or a tag before a removed digest.
_REGISTRY = (
    r"(?:(?:[\w-]+(?:\.[\w-]+)+|localhost):\d{1,5}/|[\w-]+:\d{1,5}/[^\s@\"']{1,300}@\w+(?![\w.:/-])"
    r"|(?<=/)[\w.-]+:[\w.-]+@(?:x{2,9}|\*{1,9}|\u2026|\.{3})(?![\w.:/-]))"
)
# The rest of a registry's host after its first label.
_HOST_REST = re.compile(r"(?:\.[a-z0-9-]{1,63}){1,8}\.[a-z]{2,24}(?![\w.@-])")
# Lookahead behind an @: a host with a dot, an IP address, or a name with a path. Not the host of Google's service
# accounts, whose addresses are no secret.
_HOST = (
    r"(?=(?:[a-z0-9][\w-]{0,62}\.){1,9}[a-z]{2,24}(?![\w@-])|localhost\b|\d{1,3}(?:\.\d{1,3}){3}(?![\w.@-])"
    r"|[\w.-]{1,99}(?::\d{1,5})?/\w)(?![\w.-]{0,99}gserviceaccount\.com)"
)
_PIECE = r"[^\s\"'@]{1,200}"
# A break inside a password in an address: spaces, a line end, or a quote before a letter.
_BREAK = r"(?:\s{1,80}|[\"'](?=\w))"
# Lookahead behind the colon of an address: neither a port follows nor a placeholder of one.
_NO_PORT = r"(?!(?:\d{1,5}|port|<[^<>\n]{0,40}>|\$\{?\w{1,40}\}?|\*{1,9}|x{1,9})(?:[^\w%@]|\Z))"
# Lookbehind before "://": no scheme that is followed by an image's name.
_NO_IMAGE = "".join(
    f"(?<!{scheme})" for scheme in ("docker", "oci", "containerd", "docker-daemon", "docker-pullable", "docker-archive")
)
# Most names of objects. No form matches them, so `redact` skips the forms, which is much faster.
_PLAIN = re.compile(r"(?!gl|xox|sk-|ey|hv)[a-z][a-z0-9.]{0,11}(?:-[a-z0-9.]{1,11}){0,5}")
# Lookahead behind "token: ": not a runtime's error, as in "https://auth.example/token: 401 Unauthorized".
_PROSE = (
    r"(?!(?:unexpected|Get|Post|Head|failed|invalid|illegal|unable|error|no|not|dial|server|denied|unauthorized)[\s:]"
    r"|[45]\d\d [A-Z][a-z])"
)
_TOKEN_STARTS = (
    "sha256~|gh[pousr]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt|oas|ft|agent|imt|soat|ffct)-|GR1348941|dckr_[a-z]{1,4}_|hv[sb]\\."
    "|xox[a-z]-|pypi-Ag|A[KS]IA(?=[A-Z0-9]{16})|ya29\\.|AIza|eyJ|do[op]_v1_|cmVmdG|AKCp|atlasv1\\."
    "|(?<![A-Za-z0-9])(?:eyA|ewo|sk-|SG\\.|npm_|hf_)(?=[\\w-]{16})"
)


# The marks of a form that is always tried: every text contains "".
_ALWAYS = ("",)


class Form(NamedTuple):
    """A place of secrets in texts: a pattern and its replacement, as in `re.sub`."""

    pattern: str  # a text, so that `re` compiles it at its first use: compiling all takes 10 ms
    instead: str | Callable[[re.Match[str]], str]
    # Plain texts in lower case; every match contains one of them. A text without any skips the slow pattern.
    #
    # A mark that some match lacks lets secrets pass: take a part that the pattern requires at its beginning.
    marks: tuple[str, ...] = _ALWAYS
    flags: re.RegexFlag = re.NOFLAG


def redact(text: str) -> str:
    """`text` with everything masked that is or may be a secret. The result may be redacted again without harm."""
    if _PLAIN.fullmatch(text):
        return text
    lower = text.lower()
    marks = {mark for mark in MARKS if mark in lower}
    for form in FORMS:
        if not marks.isdisjoint(form.marks):
            text = re.sub(form.pattern, form.instead, text, flags=form.flags)
    return text


def printable(name: str) -> str:
    """A typed or pasted name for an error message: in one line, without secrets."""
    return redact(UNPRINTABLE.sub(" ", name))


def _mask_values(block: re.Match[str]) -> str:
    """The block below `data:` of a Secret with its values masked: keys stay, continuation lines become the mask."""
    entry = rf"(?m)^({block['indent']}[^\s:][^:\n]*:)?[^\n]+$"
    return block["head"] + re.sub(entry, rf"\1 {MASK}", block["values"])


def _mask_pairs(block: re.Match[str]) -> str:
    """`data:` of a Secret whose lines were joined to one, with the values masked."""
    return block["head"] + re.sub(r"(\S+:\s+)\S+", rf"\1{MASK}", block["values"])


def _mask_query(parameter: re.Match[str]) -> str:
    """A query parameter with its value masked, except for those of registry requests that are needed as evidence."""
    harmless = parameter["name"].lower() in ("scope", "service", "ns", "tag", "digest", "client_id")
    return parameter[0] if harmless else f"{parameter['before']}{MASK}"


def _mask_long(run: re.Match[str]) -> str:
    """The mask for a long word as mixed as only secrets are, else the word itself."""
    word = run[0]
    # A digest, a revision, a uid, or the name of a Pod after one
    if re.fullmatch(r"[0-9a-f-]+|[0-9A-F-]+|[0-9a-f]{40,}[a-z0-9]{5}", word):
        return word
    before = run.string[max(0, run.start() - 200) : run.start()]
    if re.search(r"(/[a-z0-9._-]+:|/manifests/|/blobs/|sha\d+:)$", before):  # a tag
        return word
    if re.fullmatch("[a-z0-9-]+", word) and _HOST_REST.match(run.string, run.end()):  # a registry's host
        return word
    for part in re.findall(f"[^-_+=]{{{_MIXED_LENGTH},}}", word):
        kinds = [kind for kind in ("[a-z]", "[A-Z]", "[0-9]") if re.search(kind, part)]
        is_mixed = len(kinds) == 3
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
    """A form that ignores case."""
    return Form(pattern, instead, marks or _ALWAYS, re.IGNORECASE)


# The order matters: a form sees the result of those before it, and a special one must come before a general one that
# would mask the wrong part.
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
        rf"\1{{\g<quote>{MASK}\g<quote>: \g<quote>{MASK}\g<quote>}}",  # with the same quotes, so that JSON stays JSON
        "data",
    ),
    # The command line
    _any_case(r"(--from-literal[=\s]\s*[\w.-]+=)" + _WORD, rf"\1{MASK}", "--from-literal"),
    _any_case(
        rf"((?:echo|printf)\s+(?:-\w+\s+)?(?:[\"']?%\S{{1,9}}\s+)?)(?:{_WORD}|[^\s|]+)(?=\s*\|)",
        rf"\1{MASK}",
        "echo",
        "printf",
    ),
    _any_case(r"(<<<\s*)" + _WORD, rf"\1{MASK}", "<<<"),
    _any_case(
        r"((?<!-)--[a-z-]{0,40}(?:password|passwd|passphrase|creds?|token|secret|auth|api-?key|access-key)(?![\w-])(?:=|\s+))"
        + _WORD,
        rf"\1{MASK}",
        "--",
    ),
    # Not a port after -p, and not a column of a table, after a name that ends in -p and two spaces
    Form(r"(-p(?:=|\s+))(?!\d{1,5}(?::\d{1,5})?(?:\s|\Z))(?!\s)(?<!\w-p\s\s)" + _WORD, rf"\1{MASK}"),
    # A flag and its value as two elements of a list, such as a container's args
    _any_case(
        r"([\"'](?:-p|--[a-z-]{0,40}(?:password|token|creds?))[\"'],\s{0,9})" + _SCALAR, rf"\1{MASK}", "-p", "--"
    ),
    # After `login` and `sshpass`, digits are a password, too, and -p needs no space
    Form(r"((?:login|sshpass)\b[^\n|;&]{0,300}?\s-p(?:=|\s+))(?=\d)" + _WORD, rf"\1{MASK}", ("-p",)),
    Form(r"((?:login|sshpass)\b[^\n|;&]{0,300}?\s-p)(?=[^\s=])" + _WORD, rf"\1 {MASK}", ("-p",)),
    _any_case(r"((?:-u|--user(?:name)?)(?:=|\s+))(?=[\"']?[^\s:\"']{0,256}:)" + _WORD, rf"\1{MASK}"),
    Form(r"(\s-u)(?=[^\s:=]+:)" + _WORD, rf"\1 {MASK}"),
    _any_case(r"(login\s+\S+\s+password\s+)\S+", rf"\1{MASK}", "login"),  # .netrc
    # Headers
    _any_case(
        rf"((?:x-registry-(?:auth|config)|(?<!require )(?<!require\n)(?:proxy-)?authorization"
        rf"|(?:private|job|deploy)-token|x-jfrog-art-api|(?:set-)?cookie|(?<!-)x-[\w-]{{0,60}}(?:token|key)){_QUOTE}\s*[:=]"
        rf"\s*{_QUOTE}(?:(?:basic|bearer|token|negotiate|ntlm|apikey|jwt)\s+)?)"
        r"[^\s\"']+",
        rf"\1{MASK}",
        "authorization",
        "-token",
        "x-",
        "cookie",
    ),
    _any_case(
        r"((?:basic|bearer)\s+)(?!auth(?:ent|oriz|\s)|realm|token)[\w.~+/=:-]{8,}", rf"\1{MASK}", "basic", "bearer"
    ),
    # An address with a space, a line end or a quote in the password, and an address with several @
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
    # The user's part of a URL, with a password or a token, but not an image's name, where a digest follows the @.
    # A password may contain "/" and "@": it ends at the last @ before a host.
    _any_case(rf"(://)[^\s/@\"':]{{0,200}}:(?:[^\s\"'@]{{0,2000}}@){{1,9}}{_HOST_FOLLOWS}", rf"\1{MASK}@", "@"),
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
    # A token instead of user and password, and an address cut off before its @
    _any_case(rf"(?<![\w/.@+%-])(?:[^\s/\"'@=]{{1,400}}@){{1,9}}{_HOST}", f"{MASK}@", "@"),
    _any_case(
        rf"({_NO_IMAGE}://)[^\s/@:\"'\[\]<>{{}}$]{{1,200}}:(?!:){_NO_PORT}[^\s\"'\\@]{{0,400}}[^\s\"'\\@:;,.)\]]",
        rf"\1{MASK}",
        "://",
    ),
    _any_case(rf"(lookup\s)[^\s\"'@:]{{1,200}}:{_NO_PORT}[^\s\"':]{{1,200}}", rf"\1{MASK}", "lookup"),
    _any_case(r"(?P<before>[?&](?P<name>[\w.%-]+)=)[^\s\"'\\]+?(?=&[\w.%-]+=|[\s\"'\\]|\Z)", _mask_query, "?", "&"),
    # Keys of a config, of YAML and of the environment. First the forms of which these would mask the wrong part
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
    # Other notations: an element of XML, JSON in a URL, AWS's CSV file, and user:password of clouds
    _any_case(r"(<(?:password|passwd|token|secret|auth)>)[^<]+", rf"\1{MASK}", *(f"<{key}" for key in _KEY_MARKS)),
    _any_case(r"(%22(?:password|token|secret|auth)%22%3a(?:%20)*%22)[^%\s]+", rf"\1{MASK}", "%22"),
    _any_case(r"(username,\s?password[^\n]{0,80}\n[^\n,]{0,200},)[^\n\"']+", rf"\1{MASK}", "username,"),
    Form(
        r"((?:AWS|_json_key(?:_base64)?|oauth2accesstoken):)(?!:)[^\s\"']+",
        rf"\1{MASK}",
        ("aws:", "_json_key", "oauth2accesstoken:"),
    ),
    # Forms of the secret itself, at any place: known beginnings of tokens, then long mixed words
    Form(rf"(?:{_TOKEN_STARTS})[^\s\"'<>\\]{{4,}}(?:[^\S\n]*\n\s*+[\w+/]{{16,}}={{0,2}})*", MASK),
    Form(r"[A-Za-z0-9+_=-]{16,}", _mask_long),
)
# All marks: `redact` looks for each once, however many forms share it.
MARKS = frozenset(mark for form in FORMS for mark in form.marks)
