internal import Foundation

/// PgBouncer in front of a PostgreSQL server, pooling by transaction: each transaction of a client
/// goes to the next of a few connections, in turn.
package final class PgBouncer: Sendable {
    package let port: Int
    private let keeper: ServerKeeper

    package init(before server: PostgresServer) throws {
        let program = try ProgramSearch.find("pgbouncer", package: "pgbouncer")
        let port = try LoopbackPort.free()
        let user = ServerUser(name: "postgres")
        let directory = try user.makeDirectory("pgbouncer")
        let settings = """
            [databases]
            * = host=127.0.0.1 port=\(server.port) user=postgres
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = 3
            server_round_robin = 1

            """
        let path = "\(directory)/pgbouncer.ini"
        try Data(settings.utf8).write(to: URL(fileURLWithPath: path))
        keeper = try ServerKeeper(
            user.prefix + [program, path], directory: directory, stoppingWith: "INT")
        self.port = port
        try keeper.waitUntilReady {
            _ = try server.run("SELECT 1", url: "postgresql://postgres@127.0.0.1:\(port)/postgres")
        }
    }

    package func stop() { keeper.stop() }
}
