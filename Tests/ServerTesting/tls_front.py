"""Takes TLS off connections to 127.0.0.1: tls_front.py PORT SERVER_PORT CERTIFICATE KEY"""

import socket
import ssl
import sys
import threading

PORT, SERVER_PORT = int(sys.argv[1]), int(sys.argv[2])
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(sys.argv[3], sys.argv[4])


def copy(source, target):
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(raw):
    try:
        client = CONTEXT.wrap_socket(raw, server_side=True)
    except (ssl.SSLError, OSError):
        return raw.close()
    server = socket.create_connection(("127.0.0.1", SERVER_PORT))
    threading.Thread(target=copy, args=(server, client), daemon=True).start()
    copy(client, server)


listener = socket.create_server(("127.0.0.1", PORT), backlog=64)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
