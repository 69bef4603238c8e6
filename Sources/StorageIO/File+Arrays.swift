extension File {
    /// Writes an array's bytes.
    package func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
        var failure: StorageError?
        bytes.withUnsafeBytes { buffer in
            do throws(StorageError) {
                try write(buffer, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// The bytes of a file at `path` that has `limit` of them at most; a longer one is refused
    /// before any of it is read.
    package func readAll(_ path: String, limit: Int) throws(StorageError) -> [UInt8] {
        let count = try size()
        guard count <= limit else { throw StorageError(notFit: .tooLarge, path: path) }
        return count == 0 ? [] : try read(count: count, at: 0)
    }

    /// `count` bytes, or fewer where the file ends.
    package func read(count: Int, at offset: Int) throws(StorageError) -> [UInt8] {
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            do throws(StorageError) {
                done = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
