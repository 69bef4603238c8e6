internal import GRDB
internal import Glibc
package import Ledger
package import SegmentModel

extension ProjectionStore {
    /// How many events of a ledger projections have seen.
    package struct Testimony: Hashable, Sendable {
        package let identity: LedgerIdentity
        package let end: Position
    }

    /// How many events of this ledger the projections have seen; nil: there are none, or they
    /// belong to another ledger. A witness of what was durable (INV-3). Blocks on files.
    package static func witness(
        directory: String, identity: LedgerIdentity
    ) throws -> Position? {
        guard let testimony = try testimony(directory: directory),
            testimony.identity == identity
        else { return nil }
        return testimony.end
    }

    /// What the projections of a directory say; nil: there are none. Who reads a ledger that
    /// another process writes asks before reading it, or hears of events that came after.
    package static func testimony(directory: String) throws -> Testimony? {
        let path = "\(directory)/\(fileName)"
        guard access(path, F_OK) == 0 else { return nil }
        try requireFiles(directory)
        return try mappingDatabaseErrors("reading the projections' checkpoint") {
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let queue = try DatabaseQueue(
                path: readablePath(directory), configuration: configuration)
            return try queue.read { database in
                guard try database.tableExists("origin"), try database.tableExists("checkpoint"),
                    let row = try Row.fetchOne(database, sql: "SELECT ledger, timeline FROM origin")
                else { return nil }
                return Testimony(
                    identity: LedgerIdentity(ledger: row[0], timeline: row[1]),
                    end: try ProjectionReader(database).checkpoint())
            }
        }
    }
}
