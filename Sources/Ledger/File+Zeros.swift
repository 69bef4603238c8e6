internal import StorageIO

extension File {
    private static var partByteCount: Int { 4 << 20 }

    /// The file's bytes, without most of the zeros that end it: a tail has many ahead of its
    /// frames. They are read, but not kept.
    func readUpToZeros() throws(StorageError) -> [UInt8] {
        let size = try size()
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
            let buffer = UnsafeMutableRawBufferPointer(bytes)
            do throws(StorageError) {
                while count < size {
                    let end = min(count + Self.partByteCount, size)
                    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[count..<end])
                    let read = try read(into: part, at: count)
                    if read == 0 { return }
                    count += read
                    let isZero = UnsafeRawBufferPointer(rebasing: part[..<read]).isZero
                    if isZero, try hasZerosOnly(from: count, to: size) { return }
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private func hasZerosOnly(from start: Int, to end: Int) throws(StorageError) -> Bool {
        var buffer = [UInt8](repeating: 0, count: min(256 << 10, end - start))
        var offset = start
        while offset < end {
            let wanted = min(buffer.count, end - offset)
            var failure: StorageError?
            let count = buffer.withUnsafeMutableBytes { buffer in
                do throws(StorageError) {
                    return try read(into: .init(rebasing: buffer[..<wanted]), at: offset)
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if count == 0 { return true }
            let isZero = buffer.withUnsafeBytes {
                UnsafeRawBufferPointer(rebasing: $0[..<count]).isZero
            }
            guard isZero else { return false }
            offset += count
        }
        return true
    }
}
