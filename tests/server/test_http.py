"""The API over HTTPS: tokens, hosts, malformed and slow clients, watches, kubeconfigs, and the end of a server."""

from __future__ import annotations

import gc
import http.client
import logging
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
import yaml

from kubesim import Session
from kubesim.server import https, kubeconfigfile
from kubesim.server.https import Server
from tests.patience import SECONDS
from tests.server.caller import status
from tests.server.connections import MAPS, Client, StoppedClock, holds, served

# The most bytes of a body.
BIG = 3 * 1024 * 1024
Served = tuple[Session, Server, Client]

UNAUTHORIZED = status(401, "Unauthorized", "Unauthorized")
# Values of the header Host, each with the status code of the response.
HOSTS = [
    *(("localhost", 200), ("LOCALHOST:1", 200), ("127.0.0.1", 200), ("[::1]:6443", 200), ("10.0.0.1", 200)),
    *(("example.com", 403), ("localhost.example.com", 403), ("127.0.0.1.nip.io", 403), ("kubernetes", 403), ("", 403)),
]
# Bytes that are no request.
GARBAGE = [
    b"\0" * 100,
    b"\xff" * 100000,
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: x\r\n" % number for number in range(20000)) + b"\r\n",
    b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
]
# A program that serves with at most 40 open files, and after a line on stdin prints its CPU seconds of one second.
FEW_DESCRIPTORS = """
import resource, sys, time
from pathlib import Path
from kubesim import Session
server = Session().serve(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
print(server.port, flush=True)
sys.stdin.readline()
used = time.process_time()
time.sleep(1)
print(time.process_time() - used, flush=True)
sys.stdin.readline()
"""
# Contents of files that kubesim hasn't written.
FOREIGN = [
    "",
    "apiVersion: v1\nkind: Config\nclusters: []\n",
    "{not: [yaml",
    # a kubeconfig that kubeadm wrote
    "clusters: [{name: kubernetes, cluster: {server: https://10.0.0.1:6443}}]\n"
    "users: [{name: kubernetes-admin, user: {token: x}}]\n",
]


@pytest.fixture(scope="module")
def place() -> Iterator[Served]:
    """A served session for all tests of the module."""
    with served() as found:
        yield found


@pytest.fixture(scope="module")
def client(place: Served) -> Client:
    """The client of `place`."""
    return place[2]


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "{token}", "Token {token}"])
@pytest.mark.parametrize("path", [MAPS, "/api", "/nope", f"{MAPS}?watch=1", "/livez/x", "/openapi/v2", "/version/x"])
def test_a_request_without_the_token_is_refused(value: str | None, path: str, client: Client) -> None:
    headers = {} if value is None else {"Authorization": value.format(token=client.token)}
    code, found, sent = client("GET", path, headers=headers)
    assert (code, found) == (401, UNAUTHORIZED)
    assert sent["Connection"] == "close"
    assert client("POST", path, b"{}", headers=headers)[0] == 401


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/version"])
def test_health_and_version_need_no_token_but_no_wrong_one_either(path: str, client: Client) -> None:
    assert client("GET", path)[0] == client("GET", path, headers={"Authorization": "Basic eDp5"})[0] == 200
    assert client("GET", path, headers={"Authorization": "Bearer x"})[:2] == (401, UNAUTHORIZED)


def test_a_service_accounts_token_is_refused(client: Client) -> None:
    why = "kubesim: the served API takes the token of its kubeconfig, and no ServiceAccount's"
    found = client("GET", MAPS, headers={"Authorization": "Bearer a.b.c"})
    assert found[:2] == (501, status(501, "NotImplemented", why))


def test_exec_needs_the_token_too(client: Client) -> None:
    path = "/api/v1/namespaces/default/pods/web/exec?command=ls"
    assert client("POST", path, headers={})[:2] == (401, UNAUTHORIZED)
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}
    assert client("GET", path, headers=upgrade)[:2] == (401, UNAUTHORIZED)
    missing = status(404, "NotFound", 'pods "web" not found', name="web", kind="pods")
    assert client("GET", path, headers={**client.authorization, **upgrade})[:2] == (404, missing)


@pytest.mark.parametrize(
    ("path", "text"), [("/healthz", "ok"), ("/livez", "ok"), ("/readyz", "ok"), ("/version", None)]
)
def test_health_and_version_are_answered(path: str, text: str | None, client: Client) -> None:
    code, found, _ = client("GET", path, headers={})
    assert (code, found if text else found["gitVersion"][:2]) == (200, text or "v1")


@pytest.mark.parametrize(("host", "code"), HOSTS)
def test_only_addresses_and_localhost_are_served_as_host(host: str, code: int, client: Client) -> None:
    found = client("GET", MAPS, headers={**client.authorization, "Host": host})
    assert found[0] == code
    if code == 403:
        why = "this Host is not served: use the address or localhost"
        assert found[1] == status(403, "Forbidden", why)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", ["/version", MAPS, "/api/v1/namespaces/default/pods/web/exec"])
def test_no_response_allows_requests_of_web_pages(method: str, path: str, client: Client) -> None:
    asked = {"Origin": "https://example.com", "Access-Control-Request-Method": "GET"}
    for headers in (asked, {**asked, **client.authorization}):
        code, found, sent = client(method, path, headers=headers)
        assert not [name for name in sent if name.lower().startswith("access-control")]
        assert "Server" not in sent
        if method in ("OPTIONS", "BREW"):
            assert (code, found["reason"]) in ((405, "MethodNotAllowed"), (401, "Unauthorized"))


def test_a_head_request_gets_headers_alone(client: Client) -> None:
    code, found, sent = client("HEAD", "/healthz", headers={})
    assert (code, found, sent["Content-Length"]) == (200, "", "2")


def test_paths_are_unquoted(client: Client) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/"
    assert client("GET", path + "system%3Abasic-user")[:2] == client("GET", path + "system:basic-user")[:2]
    odd = ("/api/v1/namespaces%2Fdefault/configmaps", "//api//v1/namespaces", "/api/v1/%00", "/%FF", "/%zz", "/a%20b")
    assert [path for path in odd if not 200 <= client("GET", path)[0] < 500] == []


@pytest.mark.parametrize("size", [BIG + 1, 10 * 1024 * 1024])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_body_is_refused(size: int, chunked: bool, client: Client) -> None:
    pieces = (b" " * 65536 for _ in range(size // 65536 + 1))
    code, found, _ = client("POST", MAPS, pieces if chunked else b" " * size, encode_chunked=chunked)
    told = "Request entity too large: limit is 3145728"
    assert (code, found) == (413, status(413, "RequestEntityTooLarge", told))


def test_a_body_of_just_the_limit_is_read(client: Client) -> None:
    body = b'{"metadata":{"name":"long"}}'
    assert client("POST", MAPS, body + b" " * (BIG - len(body)))[0] == 201
    client("DELETE", f"{MAPS}/long")


@pytest.mark.parametrize(("length", "authorized", "code"), [(BIG + 1, False, 401), (1 << 40, True, 400)])
def test_a_request_is_refused_before_its_body_comes(length: int, authorized: bool, code: int, client: Client) -> None:
    with client.raw() as connection:
        head = f"POST {MAPS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
        token = f"Authorization: Bearer {client.token}\r\n" if authorized else ""
        connection.sendall(f"{head}{token}\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == code


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize("raw", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_does_not_stop_the_server(
    raw: bytes, tls: bool, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    with client.raw() if tls else client.plain() as connection:
        try:
            connection.sendall(raw)
            connection.settimeout(0.3)  # seconds; for some of them, the server waits for more bytes
            answer = connection.recv(1 << 16)
        except OSError:
            answer = b""
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"\x15\x03"))
    assert client("GET", "/healthz")[:2] == (200, "ok")
    assert capfd.readouterr() == ("", "")


def test_a_request_of_http_1_0_is_answered_and_the_connection_closed(client: Client) -> None:
    with client.raw() as connection:
        connection.sendall(f"GET {MAPS} HTTP/1.0\r\nAuthorization: Bearer {client.token}\r\n\r\n".encode())
        found = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert found.startswith(b"HTTP/1.1 200 OK")
    assert found.endswith(b"}\n")


def _head(client: Client) -> str:
    """An authorized POST request up to the value of Content-Length."""
    return f"POST {MAPS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {client.token}\r\nContent-Length: "


def test_half_requests_and_idle_connections_do_not_delay_others() -> None:
    """The server's clock stands still, so that no time limit closes them."""
    with served() as (_, server, client):
        StoppedClock(server)
        halves = [client.raw() for _ in range(20)]
        for half in halves[:10]:
            half.sendall(b"GET / HT")
        for half in halves[10:]:
            half.sendall(f"{_head(client)}100\r\n\r\n{{".encode())
        idle = [client.plain() for _ in range(200)]
        assert client("POST", MAPS, {"metadata": {"name": "amid"}})[0] == 201
        assert [connection for connection in (*halves, *idle) if _is_cut(connection, 0.001)] == []
        for connection in (*halves, *idle):
            connection.close()


def _is_cut(connection: socket.socket, seconds: float = SECONDS) -> bool:
    """True if the server closes the connection within that time."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def test_too_many_silent_connections_cost_the_oldest_of_them(capfd: pytest.CaptureFixture[str]) -> None:
    with served() as (_, _, client), client.raw() as known:
        request = f"GET {MAPS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {client.token}\r\n\r\n"
        known.sendall(request.encode())
        assert known.recv(1 << 16).startswith(b"HTTP/1.1 200 OK\r\n")
        silent = [client.plain() for _ in range(https.MOST_CONNECTIONS + 50)]
        assert client("GET", MAPS)[0] == 200
        assert _is_cut(silent[0])  # the oldest one
        known.sendall(request.encode())
        assert known.recv(1 << 16).startswith(b"HTTP/1.1 200 OK\r\n")
        for connection in silent:
            connection.close()
    assert capfd.readouterr() == ("", "")


def test_a_connection_too_many_is_closed_if_all_others_are_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(https, "MOST_CONNECTIONS", 2)
    with served() as (_, _, client), client.watch(), client.watch():
        assert _is_cut(client.plain())


def _raises(call: Callable[[], object]) -> bool:
    """True if the call raises OSError."""
    try:
        call()
    except OSError:
        return True
    return False


@pytest.mark.parametrize(("size", "answer"), [(60_000, b"HTTP/1.1 200 OK"), (100_000, b"HTTP/1.1 431 Request Header")])
def test_headers_up_to_64_kb_are_read_and_longer_ones_refused(client: Client, size: int, answer: bytes) -> None:
    with client.raw() as connection:
        head = f"GET /version HTTP/1.1\r\nHost: localhost\r\nX: {'a' * size}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1 << 16).startswith(answer)


def test_in_real_time_a_new_namespace_has_its_account_before_the_response() -> None:
    with served(realtime=True) as (_, server, client):
        StoppedClock(server)
        for number in range(5):
            namespace = {"metadata": {"name": f"n{number}"}}
            assert client("POST", "/api/v1/namespaces", namespace)[0] == 201
            assert client("GET", f"/api/v1/namespaces/n{number}/serviceaccounts/default")[0] == 200


@pytest.mark.parametrize("sent", [None, b"", b"GET / HT", b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_connection_silent_for_ten_seconds_is_closed(sent: bytes | None) -> None:
    """During the handshake (None), before a request, in its headers, and after a response."""
    with served() as (_, server, client):
        clock = StoppedClock(server)
        with client.plain() if sent is None else client.raw() as connection:
            connection.sendall(sent or b"")
            assert client("GET", "/healthz")[0] == 200  # by then, the server has accepted the connection
            while sent and sent.endswith(b"\n") and b"}" not in connection.recv(1 << 16):
                pass
            clock.skip(9.9)
            assert not _is_cut(connection, 0.01)
            clock.skip(0.2)
            assert _is_cut(connection)


def test_a_connection_that_stalls_in_a_body_is_closed_after_30_seconds() -> None:
    with served() as (_, server, client):
        clock = StoppedClock(server)
        with client.raw() as connection:
            connection.sendall(f"{_head(client)}100\r\n\r\n{{".encode())
            assert client("GET", "/healthz")[0] == 200
            clock.skip(29.9)
            assert not _is_cut(connection, 0.01)
            clock.skip(0.2)
            assert _is_cut(connection)


def test_a_server_without_free_file_descriptors_waits_idle_and_recovers(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    words = [sys.executable, "-c", FEW_DESCRIPTORS, str(tmp_path / "config")]
    with subprocess.Popen(words, stdin=-1, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdin
        assert process.stdout
        client = Client(tmp_path / "config", int(process.stdout.readline()))
        waiting = [client.plain() for _ in range(60)]
        process.stdin.write("\n")
        process.stdin.flush()
        assert float(process.stdout.readline()) < 0.3
        for connection in waiting:
            connection.close()
        assert holds(lambda: not _raises(lambda: client("GET", "/healthz")))
        assert process.communicate("\n")[1] == ""


def test_a_request_written_byte_by_byte_is_answered(client: Client) -> None:
    body = b'{"metadata":{"name":"slow"}}'
    with client.raw() as connection:
        for byte in f"{_head(client)}{len(body)}\r\n\r\n".encode() + body:
            connection.sendall(bytes([byte]))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 201 ")
    client("DELETE", f"{MAPS}/slow")


def test_a_watch_whose_client_disconnects_is_removed(place: Served) -> None:
    _, server, client = place
    listeners = server._api.history._listeners
    watches = [client.watch() for _ in range(20)]
    assert len(listeners) == 20
    for watch in watches[:10]:
        watch.close()
    for watch in watches[10:]:
        watch.unwrap().close() if watch.pending() else watch.close()
    assert holds(lambda: not listeners)


def test_a_watch_ends_after_its_timeout() -> None:
    with served() as (_, server, client):
        clock = StoppedClock(server)
        watch = client.watch(more="&timeoutSeconds=5")
        clock.skip(4.9)
        assert holds(lambda: server.is_watched, 1)
        clock.skip(0.2)
        assert holds(lambda: not server.is_watched)
        watch.close()


def test_a_watch_that_reaches_too_far_back_ends_with_an_error(client: Client) -> None:
    code, found, _ = client("GET", f"{MAPS}?watch=1&resourceVersion=1")
    assert (code, found["type"], found["object"]["code"]) == (200, "ERROR", 410)


def test_a_watch_that_nobody_reads_blocks_neither_writes_nor_the_end() -> None:
    with served() as (session, server, client):
        stalled = client.watch("/api/v1/configmaps")
        for count in range(60):
            body = {"metadata": {"name": f"m{count}"}, "data": {"a": "x" * 200_000}}
            assert client("POST", MAPS, body)[0] == 201
        StoppedClock(server)
        server.close()  # without any time that passes
        stalled.close()
        assert not server.is_watched
        session.run("kubectl create configmap after")


def test_after_an_undo_a_later_resource_version_is_expired() -> None:
    with served() as (session, _, client):
        before = session.cluster.copy()
        session.run("kubectl create configmap undone")
        version = client("GET", MAPS)[1]["metadata"]["resourceVersion"]
        session.resume(before)
        code, answer, _ = client("GET", f"{MAPS}?watch=1&resourceVersion={version}")
        assert (code, answer["reason"]) == (410, "Expired")
        code, answer, _ = client("GET", f"{MAPS}?resourceVersion={version}")
        assert (code, answer["details"]["causes"][0]["reason"]) == (504, "ResourceVersionTooLarge")
        assert "undone" not in [item["metadata"]["name"] for item in client("GET", MAPS)[1]["items"]]


def test_attaching_another_cluster_ends_the_watches_of_the_first() -> None:
    with served() as (session, server, client):
        session.run("kubectl create configmap mine")
        watch = client.watch(f"{MAPS}/mine")
        server.attach(Session().cluster)
        data = b""
        while not data.endswith(b"0\r\n\r\n"):  # the last chunk
            data += watch.recv(1 << 16)
        assert client("GET", f"{MAPS}/mine")[0] == 404
        session.run("kubectl create configmap more")  # which no watch receives any more
        watch.close()


def test_closing_a_server_is_immediate_and_repeatable() -> None:
    alone = len(Session().cluster.api._backend._listeners[None])
    with served() as (session, server, client):
        open_ones = [make() for make in (client.watch, client.raw, client.plain) for _ in range(5)]
        open_ones[5].sendall(b"POST / HTTP/1.1\r\n")
        StoppedClock(server)
        server.close()  # without any time that passes
        server.close()
        assert len(session.cluster.api._backend._listeners[None]) == alone
        for connection in open_ones:
            connection.close()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", server.port))
        gc.collect()


def test_only_the_kubeconfigs_authority_verifies_the_certificate(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port)) as plain, pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(plain, server_hostname="127.0.0.1")
    with client.raw() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_only_its_owner_can_read_the_kubeconfig(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "config"
    Server(Session().cluster, path).close()
    path.chmod(0o644)
    server = Server(Session().cluster, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["config"]
    assert Client(path, server.port)("GET", MAPS)[0] == 200
    server.close()
    assert repr(server) == f"export KUBECONFIG='{path}'"


@pytest.mark.parametrize("content", FOREIGN)
def test_a_file_that_kubesim_has_not_written_is_never_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    (tmp_path / "config.new").write_text("mine")
    with pytest.raises(FileExistsError, match="only a kubeconfig that it has written"):
        Server(Session().cluster, path)
    assert path.read_text() == content
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config", "config.new"]


def test_a_kubeconfig_with_another_cluster_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config"
    Server(Session().cluster, path).close()
    merged = yaml.safe_load(path.read_text())
    merged["contexts"].append({"name": "shop", "context": {"cluster": "kubernetes", "namespace": "shop", "user": "x"}})
    path.write_text(yaml.safe_dump(merged))
    Server(Session().cluster, path).close()  # another context for the same cluster may be lost
    merged["clusters"].append({"name": "work", "cluster": {"server": "https://10.0.0.1:6443"}})
    path.write_text(yaml.safe_dump(merged))
    with pytest.raises(FileExistsError):
        Server(Session().cluster, path)


def test_the_export_command_is_quoted_for_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    server = Server(Session().cluster, Path("it's.config"))
    server.close()
    assert server.kubeconfig == tmp_path / "it's.config"
    assert kubeconfigfile.export(PurePosixPath("/a b/c"), is_windows=False) == "export KUBECONFIG='/a b/c'"
    windows = PureWindowsPath(r"C:\it's\config")
    assert kubeconfigfile.export(windows, is_windows=True) == r"$env:KUBECONFIG = 'C:\it''s\config'"


def test_a_kubeconfig_that_cannot_be_written_leaves_the_port_free(tmp_path: Path) -> None:
    server = Server(Session().cluster, tmp_path / "config")
    server.close()
    with pytest.raises(FileExistsError):
        Server(Session().cluster, tmp_path / "config" / "config", port=server.port)
    Server(Session().cluster, tmp_path / "config", port=server.port).close()


@pytest.mark.parametrize(("address", "url"), [("127.0.0.2", "https://127.0.0.2:"), ("0.0.0.0", "https://0.0.0.0:")])
def test_a_server_can_listen_at_another_address(address: str, url: str) -> None:
    with served(address=address) as (_, server, client):
        assert server.url.startswith(url)
        host = server.url.removeprefix("https://").rpartition(":")[0]
        connection = http.client.HTTPSConnection(host, server.port, context=client.tls, timeout=SECONDS)
        connection.request("GET", MAPS, headers=client.authorization)
        assert connection.getresponse().status == 200
        connection.close()


def test_a_port_in_use_raises_oserror(place: Served, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r".") as refused:
        Server(Session().cluster, tmp_path / "config", port=place[1].port)
    assert refused.value.errno


def test_in_real_time_the_wall_clock_moves_the_cluster() -> None:
    with served(realtime=True) as (session, server, client):
        clock = StoppedClock(server)
        clock.skip(0.2)
        pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        client("POST", "/api/v1/namespaces/default/pods", pod)
        began = session.cluster.clock.now
        clock.skip(2)
        assert session.cluster.clock.now == pytest.approx(began + 2_000_000, abs=10)
        assert client("GET", "/api/v1/namespaces/default/pods/web")[1]["spec"]["nodeName"]


def test_in_real_time_the_clock_survives_a_failing_listener() -> None:
    with served(realtime=True) as (session, server, client):
        clock = StoppedClock(server)
        clock.skip(0.2)
        calls: list[int] = []

        def fail() -> None:
            calls.append(1)
            raise ValueError

        server.on_change(fail)
        pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
        client("POST", "/api/v1/namespaces/default/pods", pod)
        began = session.cluster.clock.now
        clock.skip(2)
        clock.skip(2)
        assert calls
        assert session.cluster.clock.now == pytest.approx(began + 4_000_000, abs=10)


def test_exec_without_websockets_is_refused_before_the_command_runs() -> None:
    with served() as (session, _, client):
        session.run("kubectl run web --image=nginx; kubectl wait --for=condition=Ready pod/web")
        path = "/api/v1/namespaces/default/pods/web/exec?command=touch&command=/made"
        why = "kubesim: exec is served over WebSockets only, which kubectl uses since v1.30"
        assert client("POST", path)[1]["message"] == why
        assert session.run("kubectl exec web -- ls /made").exit_code != 0


def test_requests_for_objects_take_a_tick_of_simulated_time_and_others_none() -> None:
    with served(tick=0.1) as (session, _, client):
        began = session.cluster.clock.now
        for path in (MAPS, "/api", "/version", f"{MAPS}/x", f"{MAPS}?watch=1&timeoutSeconds=1"):
            client("GET", path)
        assert session.cluster.clock.now == began + 200_000
        client("GET", f"{MAPS}/x?watch=1&timeoutSeconds=1")  # like kubectl wait, which advances simulated time
        assert session.cluster.clock.now > began + 1_200_000


def test_two_servers_share_no_token_and_no_authority(place: Served) -> None:
    with served() as (_, _, other):
        assert other.token != place[2].token
        assert other.authority != place[2].authority
        headers = {"Authorization": f"Bearer {place[2].token}"}
        assert other("GET", MAPS, headers=headers)[0] == 401


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The messages of errors that are logged during the test, in any thread."""
    messages: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    yield messages
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("body", ["", "Content-Length: 9\r\n"])
def test_an_unknown_method_is_refused_without_a_traceback(
    client: Client, logged: list[str], method: str, body: str
) -> None:
    for is_read in (True, False):
        with client.raw() as connection:
            connection.sendall(f"{method} / HTTP/1.1\r\nHost: localhost\r\n{body}\r\n".encode())
            if is_read:
                assert connection.recv(4096).startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert client("GET", MAPS)[0] == 200  # by then, the loop has handled the requests before
    assert logged == []
