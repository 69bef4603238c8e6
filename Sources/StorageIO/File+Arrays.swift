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

    /// The file's bytes from `offset` on.
    package func readAll(from offset: Int = 0) throws(StorageError) -> [UInt8] {
        let count = try size() - offset
        guard count > 0 else { return [] }
        return try read(count: count, at: offset)
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
