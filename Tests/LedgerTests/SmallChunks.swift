import Ledger
import Testing

extension Scratch {
    /// A ledger with chunks so small that a few appends fill them.
    func openSmall(
        _ access: FileLedger.Access = .write, chunkByteCount: Int = 2048,
        background: BackgroundWork = .inline, snapshotDivisor: Int = 2,
        snapshotStepByteCount: Int = 1 << 10
    ) throws -> FileLedger {
        var options = FileLedger.Options(directory: path, access: access)
        options.sizes.chunkByteCount = chunkByteCount
        options.sizes.reserveByteCount = 512
        options.sizes.snapshotDivisor = snapshotDivisor
        options.sizes.snapshotStepByteCount = snapshotStepByteCount
        options.background = background
        options.report = { Issue.record("\($0)") }
        return try FileLedger.open(options)
    }
}

/// Appends events that are told apart by their number.
func fill(_ ledger: FileLedger, from first: Int = 0, count: Int = 40) async throws {
    for number in first..<first + count {
        _ = try await ledger.append(
            batch(Int64(number % 3), ["p\(number % 17)", "q\(number)"], eventID: "e\(number)"))
    }
}
