"""docker login and logout: what the registry says, and what becomes of the file."""

from __future__ import annotations

import json

import pytest

from kubesim import Session
from kubesim.shell import Shell

FILE = ".docker/config.json"
INSECURE = "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n"
LOGIN = "docker login registry.example.com -u myuser --password-stdin"
USAGE = "\n\nUsage:  docker login [OPTIONS] [SERVER]\n\nRun 'docker login --help' for more information\n"
STORED = """{
	"auths": {
		"registry.example.com": {
			"auth": "bXl1c2VyOm15cGFzc3dvcmQ="
		}
	}
}"""


@pytest.fixture
def shell() -> Shell:
    return Session().shell


def unencrypted(path: str = "/workspace/.docker/config.json") -> str:
    return (
        f"\nWARNING! Your credentials are stored unencrypted in '{path}'.\n"
        "Configure a credential helper to remove this warning. See\n"
        "https://docs.docker.com/go/credential-store/\n\n"
    )


def written(shell: Shell, path: str = FILE) -> str:
    return shell.workspace.read_text(path)


def auths(shell: Shell) -> list[str]:
    return list(json.loads(written(shell))["auths"])


def test_a_login_is_kept_in_a_file(shell: Shell) -> None:
    result = shell.run(f"echo mypassword | {LOGIN}")
    assert (result.screen, result.exit_code) == (f"{unencrypted()}Login Succeeded\n", 0)
    assert written(shell) == STORED


@pytest.mark.parametrize("ending", ["", "\\n", "\\r\\n"])
def test_one_line_end_is_not_part_of_the_password(shell: Shell, ending: str) -> None:
    assert shell.run(f"printf 'mypassword{ending}' | {LOGIN}").exit_code == 0
    assert shell.run(f"printf 'mypassword\\n{ending or 'x'}' | {LOGIN}").exit_code == 1


def test_a_password_on_the_command_line_is_warned_of(shell: Shell) -> None:
    result = shell.run("docker login -p mypassword -u myuser registry.example.com")
    assert result.screen == f"{INSECURE}{unencrypted()}Login Succeeded\n"


def test_the_same_login_again_changes_nothing(shell: Shell) -> None:
    shell.run(f"echo mypassword | {LOGIN}")
    assert shell.run(f"echo mypassword | {LOGIN}").screen == "Login Succeeded\n"
    again = shell.run("docker login registry.example.com")
    assert again.screen == (
        "Authenticating with existing credentials... [Username: myuser]\n\n"
        "i Info → To login with a different account, run 'docker logout' followed by 'docker login'\n\n\n"
        "Login Succeeded\n"
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            "registry.example.com -u myuser -p wrong",
            "login attempt to https://registry.example.com/v2/ failed with status: 401 Unauthorized",
        ),
        ("-u acme -p wrong", 'Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password'),
        (
            "hub.example.com -u acme -p wrong",
            'Get "https://hub.example.com/v2/": unauthorized: incorrect username or password',
        ),
        (
            "registry.exmaple.com -u myuser -p mypassword",
            'Get "https://registry.exmaple.com/v2/": dial tcp: lookup registry.exmaple.com on 10.96.0.10:53: '
            "no such host",
        ),
        (
            "registry.example.com:5001 -u myuser -p mypassword",
            'Get "https://registry.example.com:5001/v2/": dial tcp 10.96.0.11:5001: connect: connection refused',
        ),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_daemon(shell: Shell, words: str, error: str) -> None:
    result = shell.run(f"docker login {words}")
    assert (result.screen, result.exit_code) == (f"{INSECURE}Error response from daemon: {error}\n", 1)
    assert not shell.workspace.exists(FILE)


@pytest.mark.parametrize(
    ("line", "error", "status"),
    [
        ("docker login --password-stdin < p", "the --password-stdin option requires --username to be set\n", 1),
        (
            "docker login -u a -p b --password-stdin < p",
            "conflicting options: cannot specify both --password and --password-stdin\n",
            1,
        ),
        ("docker login -u '' -p b", "username is empty\n", 1),
        ("docker login -u a -p ''", "password is empty\n", 1),
        ("echo | docker login -u a", "error: cannot perform an interactive login from a non-TTY device\n", 1),
        ("docker login a b", f"docker: 'docker login' requires at most 1 argument{USAGE}", 1),
        ("docker login --user a", f"unknown flag: --user{USAGE}", 125),
        ("docker login -x", f"unknown shorthand flag: 'x' in -x{USAGE}", 125),
        ("docker login -u", f"flag needs an argument: 'u' in -u{USAGE}", 125),
        ("docker login --username", f"flag needs an argument: --username{USAGE}", 125),
        (
            "docker login -u a",
            "kubesim: typing a user name or a password for 'docker login' is not part of this simulator\n",
            1,
        ),
        ("docker pull nginx", "kubesim: 'docker pull' is not part of this simulator\n", 1),
        ("docker", "kubesim: 'docker' without login or logout is not part of this simulator\n", 1),
    ],
)
def test_a_wrong_call_is_told_as_docker_tells_it(shell: Shell, line: str, error: str, status: int) -> None:
    shell.run("echo secret > p")
    result = shell.run(line)
    assert (result.screen, result.exit_code) == (error, status)


def test_logins_are_added_to_what_the_file_holds(shell: Shell) -> None:
    shell.run("mkdir .docker")
    shell.workspace.write_text(FILE, '{"psFormat": "table", "auths": {"z.test": {"auth": "eDp5", "email": "e"}}}')
    shell.run(f"echo mypassword | {LOGIN}")
    shell.run("echo hubpass | docker login -u acme --password-stdin")
    assert json.loads(written(shell)) == {
        "auths": {
            "https://index.docker.io/v1/": {"auth": "YWNtZTpodWJwYXNz"},
            "registry.example.com": {"auth": "bXl1c2VyOm15cGFzc3dvcmQ="},
            "z.test": {"auth": "eDp5", "email": "e"},
        },
        "psFormat": "table",
    }


@pytest.mark.parametrize(
    "server", ["registry.example.com", "https://registry.example.com/v2/", "registry.example.com/x"]
)
def test_what_is_filed_is_the_host(shell: Shell, server: str) -> None:
    shell.run(f"docker login {server} -u myuser -p mypassword")
    assert auths(shell) == ["registry.example.com"]
    assert shell.run(f"docker logout {server}").screen == "Removing login credentials for registry.example.com\n"
    assert auths(shell) == []


@pytest.mark.parametrize("server", ["", "docker.io"])
def test_docker_hub_is_filed_under_its_old_address(shell: Shell, server: str) -> None:
    shell.run(f"docker login {server} -u acme -p hubpass")
    assert auths(shell) == ["https://index.docker.io/v1/"]
    assert shell.run("docker logout").screen == "Removing login credentials for https://index.docker.io/v1/\n"
    assert auths(shell) == []


def test_a_logout_makes_no_file(shell: Shell) -> None:
    assert shell.run("docker logout r.test").screen == "Removing login credentials for r.test\n"
    assert not shell.workspace.exists(".docker")


@pytest.mark.parametrize("before", ["", "export DOCKER_CONFIG=own; "])
def test_another_folder(shell: Shell, before: str) -> None:
    option = "" if before else "--config own "
    result = shell.run(f"{before}docker {option}login registry.example.com -u myuser -p mypassword")
    assert result.screen == f"{INSECURE}{unencrypted('own/config.json')}Login Succeeded\n"
    assert written(shell, "own/config.json") == STORED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{broken", "invalid character 'b' looking for beginning of object key string"),
        ("", "unexpected end of JSON input"),
        ("[]", "it holds no JSON object"),
        ('{"auths": 5}', "its auths are no JSON object"),
    ],
)
def test_a_file_that_is_not_understood_stays_as_it_is(shell: Shell, text: str, why: str) -> None:
    shell.run("mkdir .docker")
    shell.workspace.write_text(FILE, text)
    for line in ("docker login registry.example.com -u myuser -p mypassword", "docker logout registry.example.com"):
        result = shell.run(line)
        assert result.exit_code == 1
        assert result.stderr.removeprefix(INSECURE) == (
            f"kubesim: /workspace/{FILE} is not a configuration of Docker, so it is left as it is: {why}\n"
        )
        assert written(shell) == text


@pytest.mark.parametrize("helpers", ['"credsStore": "desktop"', '"credHelpers": {"registry.example.com": "desktop"}'])
def test_a_credential_helper_is_not_there(shell: Shell, helpers: str) -> None:
    shell.run("mkdir .docker")
    shell.workspace.write_text(FILE, f'{{"auths": {{}}, {helpers}}}')
    assert shell.run(f"echo mypassword | {LOGIN}").screen == (
        "Error saving credentials: error storing credentials - err: "
        'exec: "docker-credential-desktop": executable file not found in $PATH, out: ``\n'
    )
    assert auths(shell) == []


@pytest.mark.parametrize("entry", ["5", "{}", '{"auth": 5}', '{"auth": "/"}', '{"auth": "eA=="}'])
def test_what_cannot_be_read_is_no_stored_login(shell: Shell, entry: str) -> None:
    shell.run("mkdir .docker")
    shell.workspace.write_text(FILE, f'{{"auths": {{"registry.example.com": {entry}}}}}')
    assert shell.run("docker login registry.example.com").stderr.startswith("kubesim: typing a user name")
    assert shell.run(f"echo mypassword | {LOGIN}").exit_code == 0
    assert written(shell) == STORED
