"""Answers SQL over HTTP on 127.0.0.1 with chdb: chdb_server.py PORT DIRECTORY

The body of a POST is one query, run as the bytes that it is, in one session for all clients, one
query at a time; compressed bodies are read by the engine. Of the real server's interface it has what the connector uses: the database and
settings in the URL, default_format, the codes of errors, the counts of written rows, and KILL QUERY
of the query that runs. It has no users.
"""

import http.server
import re
import sys
import tempfile
import threading
import urllib.parse

import chdb
from chdb import session

SESSION = session.Session(sys.argv[2])
TURN = threading.Lock()
# Kills what the session runs.
KILLER = chdb.connect(sys.argv[2])
KILLER_TURN = threading.Lock()
RUNNING = [None]
KILLED = set()
OF_INTERFACE = {"database", "query_id", "default_format", "wait_end_of_query"}


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def run(sql, parameters):
    settings = {n: v for n, v in parameters.items() if n not in OF_INTERFACE}
    with TURN:
        try:
            SESSION.query("USE `%s`" % parameters.get("database", "default").replace("`", "\\`"))
            for name, value in settings.items():
                SESSION.query(f"SET {name} = {quoted(value)}")
            with KILLER_TURN:
                RUNNING[0] = parameters.get("query_id")
                if RUNNING[0] in KILLED:
                    raise RuntimeError("Code: 394. DB::Exception: killed before it began")
            return SESSION.query(sql, parameters.get("default_format", "TabSeparated"))
        finally:
            RUNNING[0] = None
            for name in settings:
                SESSION.query(f"SET {name} = DEFAULT")


def decompressed(body):
    with tempfile.NamedTemporaryFile() as file, TURN:
        file.write(body)
        file.flush()
        source = f"file({quoted(file.name)}, 'RawBLOB', 'body String', 'lz4')"
        return SESSION.query(f"SELECT body FROM {source}", "RawBLOB").bytes()


def kill(query_id):
    with KILLER_TURN:
        KILLED.add(query_id)
        if RUNNING[0] == query_id:
            KILLER.query("KILL QUERY WHERE NOT startsWith(query, 'KILL') ASYNC", "TabSeparated")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def body(self):
        """None: it was cut, and is not run, as the real server does not run it."""
        if self.headers["Transfer-Encoding"] != "chunked":
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            return body if len(body) == length else None
        body = b""
        while True:
            line = self.rfile.readline()
            if not line.endswith(b"\n"):
                return None
            size = int(line, 16)
            part = self.rfile.read(size + 2)
            if len(part) < size + 2:
                return None
            if size == 0:
                return body
            body += part[:-2]

    def do_POST(self):
        sql = self.body()
        if sql is None:
            self.close_connection = True
            return
        if self.headers["Content-Encoding"] == "lz4":
            sql = decompressed(sql)
        query = urllib.parse.urlsplit(self.path).query
        parameters = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        killed = re.match(rb"KILL QUERY WHERE query_id = '([^']*)'", sql)
        try:
            if killed:
                kill(killed[1].decode())
                return self.answer(200, b"")
            result = run(sql, parameters)
            summary = f'{{"written_rows":"{result.rows_written()}"}}'
            named = re.search(rb"\bFORMAT\s+(\w+)\s*$", sql)
            form = named[1].decode() if named else parameters.get("default_format", "")
            headers = {"X-ClickHouse-Summary": summary, "X-ClickHouse-Format": form}
            self.answer(200, result.bytes(), headers)
        except Exception as error:
            text = str(error).encode("utf-8", "surrogateescape")
            code = re.search(rb"Code: (\d+)", text)
            headers = {"X-ClickHouse-Exception-Code": code[1].decode()} if code else {}
            self.answer(500, text, headers)

    def answer(self, status, body, headers={}):
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join(lines + ["", ""]).encode("ascii") + body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
