internal import Foundation
internal import GRDB

// GRDB knows BLOBs as Foundation's `Data`: the one file of this target that touches it.

/// Bytes as GRDB wants them for a BLOB.
func blob(_ bytes: [UInt8]) -> Data { Data(bytes) }

extension DatabaseValue {
    /// Bytes of a BLOB; nil for anything else.
    var blobBytes: [UInt8]? {
        if case .blob(let data) = storage { Array(data) } else { nil }
    }
}

extension Row {
    /// Calls `body` with the BLOB of a column, without a copy; not at all for NULL.
    func withBlob(atIndex index: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeData(atIndex: index) { data in
            try data?.withUnsafeBytes(body)
        }
    }
}
