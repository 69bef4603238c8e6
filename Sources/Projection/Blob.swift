internal import Foundation
internal import GRDB

/// Bytes as GRDB wants them for a BLOB.
func blob(_ bytes: [UInt8]) -> Data { Data(bytes) }

extension Row {
    /// Calls `body` with the BLOB of a column, without a copy; not at all for NULL.
    func withBlob(atIndex index: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeData(atIndex: index) { data in
            try data?.withUnsafeBytes(body)
        }
    }
}
