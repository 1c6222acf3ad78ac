"""Image references, against what distribution/reference says of the same text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.imageref import Reference, parse

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "name", "canonical"),
    [
        ("nginx", "docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx", "docker.io/library/nginx:1.27"),
        ("acme/private:1.0", "docker.io/acme/private", "docker.io/acme/private:1.0"),
        ("docker.io/nginx", "docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("localhost/app", "localhost/app", "localhost/app:latest"),
        ("registry.example.com/nginx", "registry.example.com/nginx", "registry.example.com/nginx:latest"),
        ("registry.example.com:443/a/b:1", "registry.example.com:443/a/b", "registry.example.com:443/a/b:1"),
        ("[::1]:5000/a:1", "[::1]:5000/a", "[::1]:5000/a:1"),
        ("Host/app", "Host/app", "Host/app:latest"),
        (f"registry.example.com/a:1@{DIGEST}", "registry.example.com/a", f"registry.example.com/a@{DIGEST}"),
    ],
)
def test_reference(text: str, name: str, canonical: str) -> None:
    reference = parse(text)
    assert (reference.name, reference.canonical) == (name, canonical)


def test_digest_leaves_the_tag_empty() -> None:
    assert parse(f"nginx@{DIGEST}") == Reference("docker.io", "library/nginx", None, DIGEST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid reference format"),
        ("nginx:", "invalid reference format"),
        ("nginx:bad@@", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("nginx\n", "invalid reference format"),
        ("host.:1/nginx", "invalid reference format"),
        ("NGINX", "invalid reference format: repository name (library/NGINX) must be lowercase"),
        ("NGINX:bad@@", "invalid reference format: repository name (library/NGINX) must be lowercase"),
        ("docker.io/Acme/x:1", "invalid reference format: repository name (Acme/x) must be lowercase"),
        ("a" * 64, f"invalid repository name ({'a' * 64}), cannot specify 64-byte hexadecimal strings"),
        ("nginx@md5:" + "0" * 32, "unsupported digest algorithm"),
        ("nginx@sha256:" + "0" * 40, "invalid checksum digest length"),
        ("nginx@sha256:" + "A" * 64, "invalid checksum digest format"),
        ("a/" * 127 + "bcd", "repository name must not be more than 255 characters"),
    ],
)
def test_no_reference(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse(text)
    assert str(error.value) == message


@given(st.text(alphabet="abAB01.:/@-_[] \n", max_size=30) | st.text())
def test_canonical_form_names_the_same_image(text: str) -> None:
    try:
        reference = parse(text)
    except ValueError:
        return
    again = parse(reference.canonical)
    assert (again.name, again.manifest) == (reference.name, reference.manifest)
