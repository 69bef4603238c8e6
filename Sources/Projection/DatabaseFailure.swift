internal import GRDB
internal import SegmentModel

extension Failure {
    /// The way out of every projection that cannot be used: it is disposable.
    static let rebuildHint = "segledger rebuild-projections"

    /// What a failure of SQLite means for the operator. SQLite's sentences name tables and columns,
    /// never values (INV-10).
    init(_ error: DatabaseError, doing: String) {
        let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        let message = "\(doing): \(reason)"
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(.storageFull, message, hint: "free some space and try again")
        case .SQLITE_READONLY, .SQLITE_PERM:
            self.init(.storageReadOnly, message, hint: "make the data directory writable")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(.projectionInvalid, message, hint: Failure.rebuildHint)
        default:
            self.init(.storageFailed, message)
        }
    }
}

/// Runs `body` and throws SQLite's errors as failures.
func mappingDatabaseErrors<Result>(
    _ doing: String, _ body: () throws -> Result
) throws -> Result {
    do {
        return try body()
    } catch let error as DatabaseError {
        throw Failure(error, doing: doing)
    }
}
