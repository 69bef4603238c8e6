import FrameCodec
import Ledger
import SegmentModel

/// Finds each acknowledged event in the ledger.
struct Checking {
    let directory: String

    func run() async throws {
        var acknowledged: [(position: Position, id: String)] = []
        while let line = readLine() {
            let words = line.split(separator: " ")
            // A kill may cut the last line off.
            guard words.count == 2, let number = UInt64(words[0]) else { continue }
            acknowledged.append((Position(number), String(words[1])))
        }
        acknowledged.sort { $0.position < $1.position }
        var options = FileLedger.Options(directory: directory, access: .write)
        let witness = acknowledged.last.map { $0.position.advanced(by: 1) }
        options.witness = { _ in witness }
        let ledger = try FileLedger.open(options)
        try check(acknowledged, in: ledger)
        try checkWhole(ledger)
        say("\(acknowledged.count) acknowledged, all of them in a ledger of \(ledger.end) events")
        try await ledger.close()
    }

    private func check(
        _ acknowledged: [(position: Position, id: String)], in ledger: FileLedger
    ) throws {
        for (position, id) in acknowledged {
            guard let frame = try ledger.frame(containing: position),
                let ordinal = ledger.ordinal(of: id)
            else { throw Failure(.ledgerCorrupt, "\(id) at \(position) is missing") }
            let index = Int(position.rawValue - frame.firstPosition.rawValue)
            let range = frame.events[index].ordinalRange
            guard frame.ordinals[range].contains(ordinal.rawValue) else {
                throw Failure(.ledgerCorrupt, "\(id) at \(position): another event stands there")
            }
        }
    }

    /// Positions have no gap up to the end.
    private func checkWhole(_ ledger: FileLedger) throws {
        var position = Position(0)
        while let frame = try ledger.frame(containing: position) { position = frame.endPosition }
        guard position == ledger.end else {
            throw Failure(.ledgerCorrupt, "the frames end at \(position), not at \(ledger.end)")
        }
    }
}
