internal import StorageIO
internal import Synchronization

extension File {
    private static var partByteCount: Int { 4 << 20 }
    private static var probeByteCount: Int { 128 << 10 }

    /// The file's bytes, without most of the zeros that end it: a tail has many ahead of its
    /// frames. They are read, but not kept. Two threads read a large file.
    func readUpToZeros() throws(StorageError) -> [UInt8] {
        let size = try size()
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
            do throws(StorageError) {
                count = try readUpToZeros(into: UnsafeMutableRawBufferPointer(bytes), size)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Returns how much was read: all that is not zero stands before.
    private func readUpToZeros(
        into target: UnsafeMutableRawBufferPointer, _ size: Int
    ) throws(StorageError) -> Int {
        let target = Target(buffer: target)
        let partCount = (size + Self.partByteCount - 1) / Self.partByteCount
        // Bytes of each part; 0: it holds zeros only, and was not read into memory.
        let counts = Mutex([Int](repeating: 0, count: partCount))
        let failure = Mutex<StorageError?>(nil)
        let file = self
        @Sendable func part(_ number: Int) -> Range<Int> {
            let start = number * Self.partByteCount
            return start..<min(start + Self.partByteCount, size)
        }
        shareWork(partCount, isShared: partCount > 2) { number in
            let part = part(number)
            do throws(StorageError) {
                guard try !file.isZero(part) else { return }
                let count = try file.read(into: target.part(part), at: part.lowerBound)
                counts.withLock { $0[number] = count }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        let read = counts.withLock { $0 }
        guard let last = read.lastIndex(where: { $0 > 0 }) else { return 0 }
        for number in 0..<last where read[number] == 0 {
            target.part(part(number)).initializeMemory(as: UInt8.self, repeating: 0)
        }
        return part(last).lowerBound + read[last]
    }

    private func isZero(_ range: Range<Int>) throws(StorageError) -> Bool {
        var buffer = [UInt8](repeating: 0, count: min(Self.probeByteCount, range.count))
        var offset = range.lowerBound
        while offset < range.upperBound {
            var failure: StorageError?
            let wanted = min(buffer.count, range.upperBound - offset)
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

private struct Target: @unchecked Sendable {  // each part is written by one thread alone
    let buffer: UnsafeMutableRawBufferPointer

    func part(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[range])
    }
}
