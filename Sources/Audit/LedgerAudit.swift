internal import FrameCodec
package import Ledger
internal import SegmentModel

/// Questions to the past, answered from the ledger's frames alone.
///
/// Every answer stands for the ledger's end at the moment of the call, or for a moment before it.
/// All of it blocks on file reads: call it on an owned thread.
package struct LedgerAudit: Sendable {
    let ledger: any Ledger

    package init(_ ledger: any Ledger) {
        self.ledger = ledger
    }

    /// The last position of a moment; nil: nothing had happened yet.
    func lastPosition(at moment: Moment?) throws -> Position? {
        guard let moment else { return ledger.end.predecessor }
        return try ledger.position(at: moment)
    }

    /// - Throws: `notFound` for a segment that no event ever named.
    func checkKnown(_ segment: SegmentID) throws {
        guard try ledger.frame(of: segment, after: nil) == nil else { return }
        throw Failure(
            .notFound, "the ledger has never seen segment \(segment)",
            hint: "check the number; 'segledger audit log' shows the segments of each event")
    }

    /// Hands out the frames after `start` up to and with the one that holds `last`: all, or those
    /// that hold the segment. Stops when `visit` answers false.
    func readFrames(
        after start: Position? = nil, through last: Position, of segment: SegmentID? = nil,
        _ visit: (Frame) throws -> Bool
    ) throws {
        var position = start
        while true {
            let next = position.map { $0.advanced(by: 1) } ?? Position(0)
            guard next <= last else { return }
            let frame =
                if let segment {
                    try ledger.frame(of: segment, after: position)
                } else {
                    try ledger.frame(containing: next)
                }
            guard let frame, frame.firstPosition <= last, try visit(frame) else { return }
            position = frame.endPosition.predecessor
        }
    }
}

extension Frame {
    /// Indexes of the events after `start` and up to and with `last`.
    func eventIndexes(after start: Position?, through last: Position) -> Range<Int> {
        let first = start.map { max($0.advanced(by: 1), firstPosition) } ?? firstPosition
        let end = min(last, endPosition.predecessor!).advanced(by: 1)
        guard first < end else { return 0..<0 }
        let offset = firstPosition.rawValue
        return Int(first.rawValue - offset)..<Int(end.rawValue - offset)
    }
}
