internal import GRDB
internal import Glibc
package import Ledger
package import SegmentModel

extension ProjectionStore {
    /// How many events of this ledger the projections have seen; nil: there are none, or they
    /// belong to another ledger. A witness of what was durable (INV-3). Blocks on files.
    package static func witness(
        directory: String, identity: LedgerIdentity
    ) throws -> Position? {
        let path = "\(directory)/\(fileName)"
        guard access(path, F_OK) == 0 else { return nil }
        return try mappingDatabaseErrors("reading the projections' checkpoint") {
            var configuration = GRDB.Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(10)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            return try queue.read { database in
                guard try database.tableExists("origin"), try database.tableExists("checkpoint")
                else { return nil }
                let isSame =
                    try Bool.fetchOne(
                        database, sql: "SELECT ledger = ? AND timeline = ? FROM origin",
                        arguments: [identity.ledger, identity.timeline]) ?? false
                return isSame ? try ProjectionReader(database).checkpoint() : nil
            }
        }
    }
}
