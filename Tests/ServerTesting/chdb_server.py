"""Answers SQL over HTTP on 127.0.0.1 with chdb: chdb_server.py PORT DIRECTORY

The body of a POST is one query, run as the bytes that it is, in one session for all clients, one
query at a time. Status 200 with the result as TabSeparated, or 500 with the engine's error.
"""

import http.server
import sys
import threading

from chdb import session

SESSION = session.Session(sys.argv[2])
TURN = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        sql = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            with TURN:
                status, body = 200, SESSION.query(sql, "TabSeparated").bytes()
        except Exception as error:
            status, body = 500, str(error).encode("utf-8", "surrogateescape")
        head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode("ascii") + body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
