internal import Glibc
internal import StorageIO

/// An open file of a `SimulatedFileSystem`. It outlives its name, as on a real one.
final class SimulatedFile: File {
    private let system: SimulatedFileSystem
    private let number: Int
    private let path: String
    private let isWritable: Bool

    init(system: SimulatedFileSystem, number: Int, path: String, isWritable: Bool) {
        self.system = system
        self.number = number
        self.path = path
        self.isWritable = isWritable
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(StorageError) -> Int {
        try system.perform(.read, path, file: number) { state throws(StorageError) in
            state.disk.files[number].current.withUnsafeBytes { bytes in
                guard offset < bytes.count else { return 0 }
                let count = min(buffer.count, bytes.count - offset)
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
                return count
            }
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StorageError) {
        precondition(isWritable, "\(path) was opened to be read")
        let end = offset + bytes.count
        try system.perform(
            .write, path, file: number,
            needsRoom: { [number] in $0.disk.files[number].current.count < end },
            failing: { [number] state, fault in
                guard fault.effect == .doneInPart, bytes.count > 1 else { return }
                state.change(
                    .write(
                        file: number, offset: offset, bytes: Array(bytes.prefix(bytes.count / 2)))
                )
            }
        ) { state throws(StorageError) in
            state.change(.write(file: number, offset: offset, bytes: Array(bytes)))
        }
    }

    func sync() throws(StorageError) { try sync(.sync) }

    func syncAll() throws(StorageError) { try sync(.syncAll) }

    private func sync(_ kind: SimulatedOperation.Kind) throws(StorageError) {
        try system.perform(
            kind, path, file: number,
            failing: { [number] state, fault in
                guard fault.effect == .nothingDone else { return }
                state.change(.failSync(file: number, seed: UInt64(fault.operation)))
            }
        ) { state throws(StorageError) in
            state.change(.sync(file: number))
        }
    }

    func size() throws(StorageError) -> Int {
        try system.perform(.size, path, file: number) { state throws(StorageError) in
            state.disk.files[number].current.count
        }
    }

    func truncate(to size: Int) throws(StorageError) {
        precondition(isWritable, "\(path) was opened to be read")
        try system.perform(.truncate, path, file: number) { state throws(StorageError) in
            state.change(.truncate(file: number, size: size))
        }
    }

    func dropCache() throws(StorageError) {
        try system.perform(.dropCache, path, file: number) { state throws(StorageError) in
            state.change(.dropCache(file: number))
        }
    }

    func close() throws(StorageError) {
        try system.perform(.close, path, file: number) { _ throws(StorageError) in }
    }
}
