/// Bytes of a leaf or of a commitment while they are put together: memory that is used again, and
/// little-endian numbers, without a generic call for each.
struct LeafBytes {
    private var storage = [UInt8](repeating: 0, count: 1024)
    private(set) var count = 0

    mutating func removeAll() { count = 0 }

    mutating func put(_ byte: UInt8) {
        makeRoom(for: 1)
        storage[count] = byte
        count += 1
    }

    mutating func put(_ number: UInt32) {
        Swift.withUnsafeBytes(of: number.littleEndian) { put($0) }
    }

    mutating func put(_ number: UInt64) {
        Swift.withUnsafeBytes(of: number.littleEndian) { put($0) }
    }

    mutating func put(_ number: Int64) { put(UInt64(bitPattern: number)) }

    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        makeRoom(for: bytes.count)
        storage.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[count...]).copyMemory(from: bytes)
        }
        count += bytes.count
    }

    mutating func put(_ bytes: [UInt8], _ range: Range<Int>) {
        bytes.withUnsafeBytes { put(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        storage.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    private mutating func makeRoom(for more: Int) {
        let needed = count + more
        guard needed > storage.count else { return }
        storage.append(
            contentsOf: repeatElement(0, count: max(needed, storage.count * 2) - storage.count))
    }
}
